//! Tests each permission by using it.

use super::Check;
use super::check_runner::{CheckRunner, refused, unexpected_rejection};
use super::dingtalk::{is_unknown_code, made_up_code, odd_answer};
use super::scope::Visible;
use crate::config::PartialConfig;
use crate::domain::ids::{DeptId, UserId};
use crate::domain::person::Person;
use crate::text::commands::doctor::permissions as texts;
use crate::text::lang::Lang;
use crate::text::remediation::remediation;
use crate::upstream::Remediation;

const APPROVALS: &str = "approvals";
const BASE: &str = "qyapi_base";
const DEPARTMENTS: &str = "qyapi_get_department_list";
const MEMBERS: &str = "qyapi_get_department_member";
const MEMBER: &str = "qyapi_get_member";
const MOBILE: &str = "field_mobile";
const EMAIL: &str = "field_email";
const UNIONID: &str = "unionid";

/// Maximum number of departments searched for people.
const MAX_DEPARTMENTS: usize = 4;

/// Tries all permissions on what is visible.
pub async fn try_all(runner: &mut CheckRunner<'_>, visible: &Visible) {
    base(runner).await;
    let children = departments(runner, visible.department).await;
    let mut people = members(runner, visible.department, &children).await;
    let somebody = people.first().map(|person| person.userid.clone());
    member(
        runner,
        somebody.or_else(|| visible.user.clone()),
        &mut people,
    )
    .await;
    fields(runner, &people);
}

async fn base(runner: &mut CheckRunner<'_>) {
    let code = made_up_code();
    let response = runner
        .call_with_token(BASE, async |access| access.user_by_in_app_code(&code).await)
        .await;
    let Some(response) = response else { return };
    runner.note(match response {
        Err(error) if is_unknown_code(&error) => Check::ok(BASE, texts::GET_USER_INFO),
        Err(error) => unexpected_rejection(BASE, &error),
        Ok(_) => odd_answer(BASE),
    });
}

/// Tries to read an approval that does not exist, if a webhook forwards approvals.
pub async fn approvals(runner: &mut CheckRunner<'_>, parts: &PartialConfig) {
    let types = parts.webhook.iter().flat_map(|w| &w.event_types);
    if !types
        .into_iter()
        .any(|name| matches!(name.as_str(), "bpms_instance_change" | "bpms_task_change"))
    {
        return;
    }
    let id = made_up_code();
    let response = runner
        .call_with_token(APPROVALS, async |access| access.process_instance(&id).await)
        .await;
    let Some(response) = response else { return };
    runner.note(match response {
        Err(error) if error.is_unknown_process_instance() => {
            Check::ok(APPROVALS, texts::GET_PROCESS_INSTANCE)
        }
        Err(error) => unexpected_rejection(APPROVALS, &error),
        Ok(_) => odd_answer(APPROVALS),
    });
}

/// Tries the list of departments; returns the child departments.
async fn departments(runner: &mut CheckRunner<'_>, top: Option<DeptId>) -> Vec<DeptId> {
    let Some(top) = top else {
        runner.skip(DEPARTMENTS, texts::NO_DEPARTMENT);
        return Vec::new();
    };
    let response = runner
        .call_with_token(DEPARTMENTS, async |access| {
            access.sub_departments(top).await
        })
        .await;
    match response {
        None => Vec::new(),
        Some(Err(error)) => {
            runner.note(refused(DEPARTMENTS, &error));
            Vec::new()
        }
        Some(Ok(children)) => {
            runner.note(Check::ok(
                DEPARTMENTS,
                texts::sub_departments(top, children.len()),
            ));
            children
                .into_iter()
                .flatten()
                .map(|child| child.dept_id)
                .collect()
        }
    }
}

/// Tries the member lists until one names somebody.
// Long because each kind of answer has its own advice.
async fn members(
    runner: &mut CheckRunner<'_>,
    top: Option<DeptId>,
    children: &[DeptId],
) -> Vec<Person> {
    if top.is_none() {
        runner.skip(MEMBERS, texts::NO_DEPARTMENT);
    }
    let mut observed_at = 0;
    for dept_id in top
        .into_iter()
        .chain(children.iter().copied())
        .take(MAX_DEPARTMENTS)
    {
        let response = runner
            .call_with_token(MEMBERS, async |access| {
                access.users_of_department(dept_id, 0).await
            })
            .await;
        let page = match response {
            None => return Vec::new(),
            Some(Err(error)) => {
                runner.note(refused(MEMBERS, &error));
                return Vec::new();
            }
            Some(Ok(page)) => page,
        };
        observed_at += 1;
        let people: Vec<Person> = page
            .people
            .into_iter()
            .flatten()
            .map(|listed| listed.person)
            .collect();
        if !people.is_empty() {
            runner.note(Check::ok(MEMBERS, texts::first_page(dept_id, people.len())));
            return people;
        }
    }
    if observed_at > 0 {
        runner.note(Check::ok(MEMBERS, texts::empty_departments(observed_at)));
    }
    Vec::new()
}

/// Tries a person's record and the lookup by unionid; adds the record to `people`.
async fn member(runner: &mut CheckRunner<'_>, somebody: Option<UserId>, people: &mut Vec<Person>) {
    let Some(userid) = somebody else {
        return runner.skip(MEMBER, texts::NOBODY_FOUND);
    };
    let response = runner
        .call_with_token(MEMBER, async |access| access.user(&userid).await)
        .await;
    let person = match response {
        None => return,
        Some(Err(error)) => return runner.note(refused(MEMBER, &error)),
        Some(Ok(person)) => person,
    };
    let unionid = person.unionid.clone();
    people.push(person);
    let Some(unionid) = unionid else {
        return runner.note(Check::ok(MEMBER, texts::NO_UNIONID));
    };
    let response = runner
        .call_with_token(MEMBER, async |access| {
            access.userid_by_unionid(&unionid).await
        })
        .await;
    let Some(response) = response else { return };
    runner.note(match response {
        Ok(contact) if contact.userid == userid && contact.is_internal => {
            Check::ok(MEMBER, texts::GET_USER)
        }
        Ok(_) => Check::failure(MEMBER, texts::not_a_member(&userid), texts::CHECK_MEMBER),
        Err(error) => refused(MEMBER, &error),
    });
}

/// Checks which fields the records contain.
fn fields(runner: &mut CheckRunner<'_>, people: &[Person]) {
    if people.is_empty() {
        for name in [MOBILE, EMAIL, UNIONID] {
            runner.skip(name, texts::NO_RECORD);
        }
        return;
    }
    runner.note(field(
        MOBILE,
        texts::A_MOBILE,
        texts::FIELD_MOBILE,
        people,
        |person| person.mobile.is_some(),
    ));
    runner.note(field(
        EMAIL,
        texts::AN_EMAIL,
        texts::FIELD_EMAIL,
        people,
        |person| person.email.is_some(),
    ));
    let missing = people
        .iter()
        .filter(|person| person.unionid.is_none())
        .count();
    runner.note(unionids(missing, people.len()));
}

fn field(
    name: &'static str,
    what: &str,
    permission: &str,
    people: &[Person],
    has: impl Fn(&Person) -> bool,
) -> Check {
    if people.iter().any(has) {
        return Check::ok(name, texts::have(what));
    }
    Check::warning(
        name,
        texts::no_field(people.len(), what),
        texts::where_wanted(granting(permission)),
    )
}

fn unionids(missing: usize, observed_at: usize) -> Check {
    if missing == 0 {
        return Check::ok(UNIONID, texts::UNIONIDS);
    }
    let detail = texts::without_unionid(missing, observed_at);
    if missing < observed_at {
        return Check::warning(
            UNIONID,
            texts::some_cannot_sign_in(detail),
            texts::CHECK_ACTIVATED,
        );
    }
    Check::failure(UNIONID, texts::nobody_can_sign_in(detail), granting(MEMBER))
}

/// Returns how to grant the app a permission.
fn granting(permission: &str) -> String {
    let grant = Remediation::GrantPermission(permission.to_owned());
    remediation(Lang::En, &grant)
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    #[test]
    fn a_unionid_that_everybody_lacks_is_a_failure() {
        assert_eq!(unionids(0, 7).status, Status::Ok);
        assert_eq!(unionids(1, 7).status, Status::Warning);
        assert_eq!(unionids(7, 7).status, Status::Failure);
    }
}
