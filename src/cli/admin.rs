//! `dinggate admin grant|revoke|list`.

use std::io::{self, Write as _};

use clap::error::ErrorKind;
use clap::{Subcommand, ValueEnum};

use super::actor;
use crate::config::Config;
use crate::context::Context;
use crate::domain::ids::{DeptId, UserId};
use crate::domain::rights::{Rights, Role, Scope};
use crate::service::admins::{self, Administrator, GrantOutcome};
use crate::store::audit;
use crate::text::commands::admin as texts;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

/// A role, as the option spells it.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    /// Everything
    Admin,
    /// Sees and decides about people
    Reviewer,
    /// Sees everything, contact data masked
    Auditor,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Gives an employed person a role on the administration pages, in place of any other
    Grant {
        /// The person's userid in DingTalk
        userid: UserId,
        #[arg(long, value_enum, default_value_t = RoleName::Admin)]
        role: RoleName,
        /// Ids of departments, comma separated: limits a reviewer to these and those below them
        #[arg(long, value_delimiter = ',', value_name = "IDS")]
        departments: Vec<DeptId>,
        /// Confirms that an entry of `DINGGATE_ADMINS` now means a different account with the same userid
        #[arg(long)]
        rebind: bool,
    },
    /// Revokes a grant; the person stays signed in, without access to the administration pages
    Revoke {
        /// The person's userid in DingTalk
        userid: UserId,
    },
    /// Prints everybody with a role, one per line, tab-separated: userid, name, source, role, departments (or all),
    /// and why somebody has no rights
    List,
}

pub async fn run(args: Args, config: Config) -> anyhow::Result<()> {
    super::with_context(config, async |ctx| act(ctx, args.action).await).await
}

async fn act(ctx: &Context, action: Action) -> anyhow::Result<()> {
    let text = match action {
        Action::Grant {
            userid,
            role,
            departments,
            rebind,
        } => {
            let rights = rights(role, departments).unwrap_or_else(|error| error.exit());
            grant(ctx, &userid, &rights, rebind).await?
        }
        Action::Revoke { userid } => {
            let revoked =
                admins::revoke(ctx, &userid, audit::Actor::Command(&actor::name())).await?;
            texts::revoked(userid, texts::title(revoked))
        }
        Action::List => admins::list(ctx).await?.iter().map(line).collect(),
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

/// Returns the rights that the options ask for; only a reviewer can be limited to departments.
fn rights(role: RoleName, mut departments: Vec<DeptId>) -> Result<Rights, clap::Error> {
    departments.sort_unstable();
    departments.dedup();
    match role {
        RoleName::Reviewer => Ok(Rights::reviewer(departments)),
        _ if !departments.is_empty() => Err(clap::Error::raw(
            ErrorKind::ArgumentConflict,
            texts::DEPARTMENTS_NEED_REVIEWER,
        )),
        RoleName::Admin => Ok(Rights::ADMIN),
        RoleName::Auditor => Ok(Rights::unlimited(Role::Auditor)),
    }
}

async fn grant(
    ctx: &Context,
    userid: &UserId,
    rights: &Rights,
    rebinds: bool,
) -> anyhow::Result<String> {
    let by = actor::name();
    let outcome = admins::grant(ctx, userid, rights, rebinds, audit::Actor::Command(&by)).await?;
    let (title, limit) = (texts::title(rights.role()), limit(rights));
    Ok(match outcome {
        GrantOutcome::Granted => texts::granted(userid, title, limit),
        GrantOutcome::Unchanged => texts::unchanged(userid, title, limit),
        GrantOutcome::Changed(before) => texts::changed(userid, title, limit, before),
    })
}

/// Returns the departments of a limited reviewer, as the end of a sentence.
fn limit(rights: &Rights) -> String {
    match rights.scope() {
        Scope::All => String::new(),
        scope @ Scope::Departments(_) => texts::limited_to(departments(&scope)),
    }
}

/// Returns the ids of the departments, or `all`.
fn departments(scope: &Scope) -> String {
    match scope.departments() {
        None => "all".to_owned(),
        Some(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            ids.join(",")
        }
    }
}

fn line(admin: &Administrator) -> String {
    let source = match (admin.in_settings.is_some(), admin.is_granted) {
        (true, true) => "settings,granted",
        (true, false) => "settings",
        _ => "granted",
    };
    let problem = match admin.in_settings {
        _ if admin.is_in_force => None,
        Some(entitlement) => texts::entitlement_problem(entitlement),
        None => Some(texts::GRANT_CHANGED),
    };
    let problem = problem.map_or_else(String::new, |problem| format!("\t{problem}"));
    // People choose their own names: a name must not control the terminal or look like another column.
    let name = admin
        .name
        .as_deref()
        .unwrap_or_default()
        .replace(char::is_control, " ");
    let (role, scope) = (admin.rights.role().as_str(), admin.rights.scope());
    let departments = departments(&scope);
    format!(
        "{}\t{name}\t{source}\t{role}\t{departments}{problem}\n",
        admin.userid
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::listed_admins::Entitlement;

    #[test]
    fn a_line_has_its_columns_whatever_the_name() {
        let admin = Administrator {
            userid: UserId::parse("0158aB").unwrap(),
            name: Some("张\t三\u{1b}[31m".to_owned()),
            in_settings: Some(Entitlement::InForce),
            is_employed: true,
            is_granted: true,
            rights: Rights::ADMIN,
            is_in_force: true,
            bound_unionid: None,
        };
        assert_eq!(
            line(&admin),
            "0158aB\t张 三 [31m\tsettings,granted\tadmin\tall\n"
        );
        let unknown = Administrator {
            name: None,
            in_settings: Some(Entitlement::Unknown),
            is_granted: false,
            rights: Rights::reviewer(vec![7, 8]),
            is_in_force: false,
            ..admin
        };
        assert_eq!(
            line(&unknown),
            "0158aB\t\tsettings\treviewer\t7,8\tunknown to DingTalk when it was to be bound\n"
        );
    }
}
