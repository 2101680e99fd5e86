//! Which part of the company the app may see.

use super::Check;
use super::check_runner::{CheckRunner, refused};
use crate::domain::ids::{DeptId, ROOT_DEPARTMENT, UserId};
use crate::text::commands::doctor::permissions as texts;

const NAME: &str = "contact_scope";

/// What is visible, and where to look for departments and people.
pub struct Visible {
    /// The top of a visible branch; `None` if only individual people are visible.
    pub department: Option<DeptId>,
    /// A person who is individually visible.
    pub user: Option<UserId>,
    check: Check,
}

impl Visible {
    pub fn into_check(self) -> Check {
        self.check
    }
}

/// Reads the contact scope; if it cannot be read, the root department is assumed.
pub async fn look(runner: &mut CheckRunner<'_>) -> Visible {
    let response = runner
        .check_with_token(NAME, async |access| access.scopes().await)
        .await;
    let unknown = |check| Visible {
        department: Some(ROOT_DEPARTMENT),
        user: None,
        check,
    };
    let scopes = match response {
        Err(check) => return unknown(check),
        Ok(Err(error)) => return unknown(refused(NAME, &error)),
        Ok(Ok(scopes)) => scopes,
    };
    let is_whole = scopes.departments.contains(&ROOT_DEPARTMENT);
    Visible {
        department: if is_whole {
            Some(ROOT_DEPARTMENT)
        } else {
            scopes.departments.first().copied()
        },
        user: scopes.users.first().cloned(),
        check: judge(
            is_whole,
            scopes.departments.len(),
            scopes.users.len() + scopes.unreadable_users,
        ),
    }
}

fn judge(is_whole: bool, departments: usize, users: usize) -> Check {
    if is_whole {
        return Check::ok(NAME, texts::WHOLE_COMPANY);
    }
    if departments + users == 0 {
        return Check::failure(NAME, texts::NOTHING_VISIBLE, texts::WIDEN);
    }
    Check::warning(
        NAME,
        texts::part_visible(departments, users),
        texts::widen_for_everybody(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    #[test]
    fn a_part_of_the_company_is_a_warning_and_nothing_of_it_a_failure() {
        assert_eq!(judge(true, 2, 0).status, Status::Ok);
        let part = judge(false, 2, 3);
        assert_eq!(part.status, Status::Warning);
        assert!(part.detail.contains("2 branches") && part.detail.contains("3 single people"));
        assert_eq!(judge(false, 0, 0).status, Status::Failure);
    }
}
