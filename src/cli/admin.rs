//! `dinggate admin grant|revoke|list`.

use std::io::{self, Write as _};

use clap::Subcommand;

use super::actor;
use crate::config::Config;
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::service::admins::{self, Administrator};
use crate::store::audit;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Makes an employed person an administrator
    Grant {
        /// The person's userid in DingTalk
        userid: UserId,
        /// Confirms that an entry of `DINGGATE_ADMINS` now means a different account with the same userid
        #[arg(long)]
        rebind: bool,
    },
    /// Revokes a grant; the person stays signed in, without access to the administrator pages
    Revoke {
        /// The person's userid in DingTalk
        userid: UserId,
    },
    /// Prints all administrators, one per line, tab-separated: userid, name, source, and why one has no rights
    List,
}

pub async fn run(args: Args, config: Config) -> anyhow::Result<()> {
    super::with_context(config, async |ctx| act(ctx, args.action).await).await
}

async fn act(ctx: &Context, action: Action) -> anyhow::Result<()> {
    let text = match action {
        Action::Grant { userid, rebind } => grant(ctx, &userid, rebind).await?,
        Action::Revoke { userid } => {
            admins::revoke(ctx, &userid, audit::Actor::Command(&actor::name())).await?;
            format!("{userid} is no longer an administrator\n")
        }
        Action::List => admins::list(ctx).await?.iter().map(line).collect(),
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

async fn grant(ctx: &Context, userid: &UserId, rebinds: bool) -> anyhow::Result<String> {
    let by = actor::name();
    let is_new = admins::grant(ctx, userid, rebinds, audit::Actor::Command(&by)).await?;
    let now = if is_new { "is now" } else { "was already" };
    Ok(format!("{userid} {now} an administrator\n"))
}

fn line(admin: &Administrator) -> String {
    let source = match (admin.in_settings.is_some(), admin.is_granted) {
        (true, true) => "settings,granted",
        (true, false) => "settings",
        _ => "granted",
    };
    let problem = match admin.in_settings {
        _ if admin.is_admin => None,
        Some(entitlement) => entitlement.problem(),
        None => Some("the account or the employment has changed"),
    };
    let problem = problem.map_or_else(String::new, |problem| format!("\t{problem}"));
    // People choose their own names: a name must not control the terminal or look like another column.
    let name = admin
        .name
        .as_deref()
        .unwrap_or_default()
        .replace(char::is_control, " ");
    format!("{}\t{name}\t{source}{problem}\n", admin.userid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::admins::Entitlement;

    #[test]
    fn a_line_has_three_columns_whatever_the_name() {
        let admin = Administrator {
            userid: UserId::parse("0158aB").unwrap(),
            name: Some("张\t三\u{1b}[31m".to_owned()),
            in_settings: Some(Entitlement::InForce),
            is_employed: true,
            is_granted: true,
            is_admin: true,
            bound_unionid: None,
        };
        assert_eq!(line(&admin), "0158aB\t张 三 [31m\tsettings,granted\n");
        let unknown = Administrator {
            name: None,
            in_settings: Some(Entitlement::Unknown),
            is_granted: false,
            is_admin: false,
            ..admin
        };
        assert_eq!(
            line(&unknown),
            "0158aB\t\tsettings\tunknown to DingTalk when it was to be bound\n"
        );
    }
}
