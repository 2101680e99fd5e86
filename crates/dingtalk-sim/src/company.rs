//! The fictitious company: some 70 people in a tree of three levels, the same in every run.

mod large;
mod roster;

pub use large::{large, large_userid};

use crate::directory::{Directory, Membership, Outsider, Person, ROOT};

pub const NAME: &str = "云杉科技有限公司";

/// The main administrator, in the human resources department.
pub const ADMIN: &str = "manager4220";
/// An ordinary employee with all fields filled.
pub const EMPLOYEE: &str = "zhangsan01";
/// An employee whose userid is digits with a leading zero.
pub const LEADING_ZERO: &str = "01582243171234567";
/// An employee in two departments, leading one of them.
pub const TWO_DEPARTMENTS: &str = "lina08";
/// An employee whose order in a department is above 2^53.
pub const BIG_ORDER: &str = "wangwei07";
/// The order of [`BIG_ORDER`], odd so that a double would lose precision.
pub const BIG_ORDER_VALUE: i64 = 176_292_748_870_660_513;
/// An employee whom lists include only with `contain_access_limit`.
pub const ACCESS_LIMITED: &str = "chenboss1";
/// An employee without mobile, e-mail, job number and title.
pub const NO_MOBILE: &str = "1020302901-431772414";
/// A former employee, no longer known to the directory.
pub const LEFT_USERID: &str = "qianduo55";
pub const LEFT_UNIONID: &str = "LeftQ7nDuo2mVx9KcWb3TzRfYuiE";
/// An external contact of the company.
pub const EXTERNAL_UNIONID: &str = "ExtrN4lPartn3rHq8VsLd2WzJkiE";
pub const EXTERNAL_USERID: &str = "ext2093847561";
/// A person unrelated to the company.
pub const STRANGER_UNIONID: &str = "Str4ngerZx6BmQw1PdKyTn5CvaiE";

/// 2021-03-01 in Unix milliseconds, the day on which the first person was hired.
const FIRST_DAY: i64 = 1_614_556_800_000;
const DAY: i64 = 86_400_000;
/// Everybody in the roster was hired before this time in Unix milliseconds.
pub(crate) const LAST_DAY: i64 = FIRST_DAY + 100 * 17 * DAY;

/// Returns the company as it is at the first start.
pub fn demo() -> anyhow::Result<Directory> {
    let mut directory = before_the_leaving()?;
    directory.dismiss(LEFT_USERID)?;
    Ok(directory)
}

/// Returns the company while [`LEFT_USERID`] still works there.
pub fn before_the_leaving() -> anyhow::Result<Directory> {
    let mut directory = Directory::empty(NAME);
    for (dept_id, name, parent_id) in roster::DEPARTMENTS {
        directory.insert_department(*dept_id, name, *parent_id)?;
    }
    for (number, row) in (1_i64..).zip(roster::PEOPLE) {
        directory.insert_person(person(number, row));
    }
    let mut left = person(901, &roster::LEFT);
    LEFT_UNIONID.clone_into(&mut left.unionid);
    left.hired_date = LAST_DAY - DAY;
    directory.insert_person(left);
    directory.add_outsider(Outsider {
        unionid: EXTERNAL_UNIONID.into(),
        nick: "合作伙伴 周敏".into(),
        external_userid: Some(EXTERNAL_USERID.into()),
    });
    directory.add_outsider(Outsider {
        unionid: STRANGER_UNIONID.into(),
        nick: "路人甲".into(),
        external_userid: None,
    });
    Ok(directory)
}

/// Returns one row of the roster, with the fields derived from its index.
fn person(number: i64, row: &roster::Row) -> Person {
    let bare = row.userid == NO_MOBILE;
    let text = |value: String| if bare { String::new() } else { value };
    let hired = FIRST_DAY + number * 17 * DAY;
    Person {
        userid: row.userid.into(),
        unionid: crate::directory::made_up_unionid(row.userid),
        name: row.name.into(),
        nick: if row.nick.is_empty() {
            row.name
        } else {
            row.nick
        }
        .into(),
        title: text(row.title.into()),
        mobile: text(format!("1380000{number:04}")),
        email: text(format!("{}@example.com", row.mail)),
        org_email: if number % 3 == 0 {
            text(format!("{}@corp.example.com", row.mail))
        } else {
            String::new()
        },
        avatar: if number % 9 == 0 {
            "https://static-legacy.dingtalk.com/media/demo.jpg".into()
        } else {
            String::new()
        },
        job_number: text(format!("A-{number:04}")),
        work_place: if number % 2 == 0 {
            "杭州".into()
        } else {
            String::new()
        },
        manager_userid: if row.userid == ACCESS_LIMITED {
            ""
        } else {
            ACCESS_LIMITED
        }
        .into(),
        memberships: memberships(number, row),
        admin: row.userid == ADMIN,
        boss: row.userid == ACCESS_LIMITED,
        senior: row.userid == ACCESS_LIMITED,
        access_limited: row.userid == ACCESS_LIMITED,
        ..Person::blank(hired)
    }
}

fn memberships(number: i64, row: &roster::Row) -> Vec<Membership> {
    row.departments
        .iter()
        .enumerate()
        .map(|(place, dept_id)| Membership {
            dept_id: *dept_id,
            order: if row.userid == BIG_ORDER {
                BIG_ORDER_VALUE
            } else {
                176_000_000_000 - number * 512
            },
            leader: row.leads && place == 0 && *dept_id != ROOT,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_company_is_the_same_in_every_run() {
        let (one, two) = (demo().unwrap(), demo().unwrap());
        assert_eq!(one.people(), two.people());
        assert_eq!(one.departments(), two.departments());
    }

    #[test]
    fn some_seventy_people_work_in_a_tree_of_three_levels() {
        let company = demo().unwrap();
        assert!(
            (65..=80).contains(&company.people().len()),
            "{}",
            company.people().len()
        );
        let deepest = company
            .departments()
            .iter()
            .map(|d| company.path_to_root(d.dept_id).len())
            .max();
        assert_eq!(deepest, Some(3));
        for person in company.people() {
            assert!(!person.memberships.is_empty(), "{}", person.userid);
            for id in person.department_ids() {
                assert_eq!(
                    company.path_to_root(id).last(),
                    Some(&ROOT),
                    "{}",
                    person.userid
                );
            }
        }
    }

    #[test]
    fn ids_are_unique_and_of_the_documented_forms() {
        let company = demo().unwrap();
        let userids: HashSet<_> = company.people().iter().map(|p| &p.userid).collect();
        let unionids: HashSet<_> = company.people().iter().map(|p| &p.unionid).collect();
        assert_eq!(
            (userids.len(), unionids.len()),
            (company.people().len(), company.people().len())
        );
        for unionid in unionids {
            assert_eq!(unionid.len(), 28);
        }
        assert!(
            company
                .people()
                .iter()
                .filter(|p| p.userid.starts_with('0'))
                .count()
                >= 3
        );
    }

    #[test]
    fn the_people_named_in_this_module_are_what_their_names_say() {
        let company = demo().unwrap();
        let person = |userid: &str| company.person(userid).unwrap().clone();
        assert!(person(ADMIN).admin);
        assert!(LEADING_ZERO.starts_with('0') && person(LEADING_ZERO).active);
        assert_eq!(person(TWO_DEPARTMENTS).memberships.len(), 2);
        assert!(person(TWO_DEPARTMENTS).memberships[0].leader);
        assert_eq!(person(BIG_ORDER).memberships[0].order, BIG_ORDER_VALUE);
        assert!(person(ACCESS_LIMITED).access_limited);
        assert_eq!(person(NO_MOBILE).mobile, "");
        assert!(!person(EMPLOYEE).mobile.is_empty() && !person(EMPLOYEE).email.is_empty());
        assert!(company.person(LEFT_USERID).is_none());
        assert_eq!(company.nick_of(LEFT_UNIONID), Some("钱多多"));
        assert_eq!(company.nick_of(STRANGER_UNIONID), Some("路人甲"));
        assert_eq!(
            LEFT_UNIONID.len() + EXTERNAL_UNIONID.len() + STRANGER_UNIONID.len(),
            84
        );
    }
}
