//! Tests each permission by using it.

use super::Check;
use super::check_runner::{CheckRunner, refused, unexpected_rejection};
use super::dingtalk::{is_unknown_code, made_up_code, odd_answer};
use super::scope::Visible;
use crate::config::PartialConfig;
use crate::domain::ids::{DeptId, UserId};
use crate::domain::person::Person;
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
        .call_with_token(BASE, async |road| road.user_by_in_app_code(&code).await)
        .await;
    let Some(response) = response else { return };
    runner.note(match response {
        Err(error) if is_unknown_code(&error) => {
            Check::ok(BASE, "topapi/v2/user/getuserinfo may be called")
        }
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
        .call_with_token(APPROVALS, async |road| road.process_instance(&id).await)
        .await;
    let Some(response) = response else { return };
    runner.note(match response {
        Err(error) if error.is_unknown_process_instance() => Check::ok(
            APPROVALS,
            "topapi/processinstance/get may be called, whose answers webhooks bear",
        ),
        Err(error) => unexpected_rejection(APPROVALS, &error),
        Ok(_) => odd_answer(APPROVALS),
    });
}

/// Tries the list of departments; returns the child departments.
async fn departments(runner: &mut CheckRunner<'_>, top: Option<DeptId>) -> Vec<DeptId> {
    let Some(top) = top else {
        runner.skip(DEPARTMENTS, NO_DEPARTMENT);
        return Vec::new();
    };
    let response = runner
        .call_with_token(DEPARTMENTS, async |road| road.sub_departments(top).await)
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
                format!("department {top} lists {} below it", children.len()),
            ));
            children
                .into_iter()
                .flatten()
                .map(|child| child.dept_id)
                .collect()
        }
    }
}

const NO_DEPARTMENT: &str = "the app may see no department (contact_scope)";

/// Tries the member lists until one names somebody.
// Long because each kind of answer has its own advice.
async fn members(
    runner: &mut CheckRunner<'_>,
    top: Option<DeptId>,
    children: &[DeptId],
) -> Vec<Person> {
    if top.is_none() {
        runner.skip(MEMBERS, NO_DEPARTMENT);
    }
    let mut observed_at = 0;
    for dept_id in top
        .into_iter()
        .chain(children.iter().copied())
        .take(MAX_DEPARTMENTS)
    {
        let response = runner
            .call_with_token(MEMBERS, async |road| {
                road.users_of_department(dept_id).await
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
            runner.note(Check::ok(
                MEMBERS,
                format!(
                    "department {dept_id} lists {} people on its first page",
                    people.len()
                ),
            ));
            return people;
        }
    }
    if observed_at > 0 {
        runner.note(Check::ok(
            MEMBERS,
            format!("{observed_at} departments may be listed, and name nobody"),
        ));
    }
    Vec::new()
}

/// Tries a person's record and the lookup by unionid; adds the record to `people`.
async fn member(runner: &mut CheckRunner<'_>, somebody: Option<UserId>, people: &mut Vec<Person>) {
    let Some(userid) = somebody else {
        return runner.skip(
            MEMBER,
            "there is nobody to ask about: no department that was looked at names anybody",
        );
    };
    let response = runner
        .call_with_token(MEMBER, async |road| road.user(&userid).await)
        .await;
    let person = match response {
        None => return,
        Some(Err(error)) => return runner.note(refused(MEMBER, &error)),
        Some(Ok(person)) => person,
    };
    let unionid = person.unionid.clone();
    people.push(person);
    let Some(unionid) = unionid else {
        return runner.note(Check::ok(
            MEMBER,
            "topapi/v2/user/get may be called; without a unionid topapi/user/getbyunionid was not",
        ));
    };
    let response = runner
        .call_with_token(MEMBER, async |road| road.userid_by_unionid(&unionid).await)
        .await;
    let Some(response) = response else { return };
    runner.note(match response {
        Ok(contact) if contact.userid == userid && contact.is_internal => Check::ok(
            MEMBER,
            "topapi/v2/user/get and topapi/user/getbyunionid may be called, and agree",
        ),
        Ok(_) => Check::failure(
            MEMBER,
            format!("the unionid of {userid} does not lead back to {userid} as a member: that person cannot sign in"),
            "look at the person in DingTalk's directory: are they a member and an external contact at once?",
        ),
        Err(error) => refused(MEMBER, &error),
    });
}

/// Checks which fields the records contain.
fn fields(runner: &mut CheckRunner<'_>, people: &[Person]) {
    if people.is_empty() {
        for name in [MOBILE, EMAIL, UNIONID] {
            runner.skip(name, "nobody's record could be looked at");
        }
        return;
    }
    runner.note(field(
        MOBILE,
        "a mobile number",
        "fieldMobile (企业员工手机号信息)",
        people,
        |person| person.mobile.is_some(),
    ));
    runner.note(field(
        EMAIL,
        "an e-mail address",
        "fieldEmail (邮箱等个人信息)",
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
        return Check::ok(name, format!("records bear {what}"));
    }
    Check::warning(
        name,
        format!(
            "none of the {} records looked at bears {what}; nobody can tell whether nobody has one or the permission is missing",
            people.len()
        ),
        format!(
            "where you want it in the staff table: {}",
            granting(permission)
        ),
    )
}

fn unionids(missing: usize, observed_at: usize) -> Check {
    if missing == 0 {
        return Check::ok(UNIONID, "records bear a unionid");
    }
    let detail = format!("{missing} of the {observed_at} records looked at bear no unionid");
    if missing < observed_at {
        return Check::warning(
            UNIONID,
            format!("{detail}: those people cannot sign in"),
            "see in DingTalk's directory whether they have activated their accounts",
        );
    }
    Check::failure(
        UNIONID,
        format!("{detail}: nobody can sign in"),
        granting(MEMBER),
    )
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
