//! `dinggate admin grant|revoke|list`.

use std::io::{self, Write as _};

use clap::Subcommand;

use super::actor;
use crate::config::Config;
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::service::admins::{self, Administrator};

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
    },
    /// Takes a grant back; the person stays signed in, without the administrator's pages
    Revoke {
        /// The person's userid in DingTalk
        userid: UserId,
    },
    /// Prints all administrators, one a line: userid, name, source; tabs between
    List,
}

pub async fn run(args: Args, config: Config) -> anyhow::Result<()> {
    super::with_context(config, async |ctx| act(ctx, args.action).await).await
}

async fn act(ctx: &Context, action: Action) -> anyhow::Result<()> {
    let text = match action {
        Action::Grant { userid } => grant(ctx, &userid).await?,
        Action::Revoke { userid } => {
            admins::revoke(ctx, &userid, &actor::name()).await?;
            format!("{userid} is no longer an administrator\n")
        }
        Action::List => admins::list(ctx).await?.iter().map(line).collect(),
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

async fn grant(ctx: &Context, userid: &UserId) -> anyhow::Result<String> {
    let is_new = admins::grant(ctx, userid, &actor::name()).await?;
    let now = if is_new { "is now" } else { "was already" };
    Ok(format!("{userid} {now} an administrator\n"))
}

fn line(admin: &Administrator) -> String {
    let source = match (admin.is_in_settings, admin.is_granted) {
        (true, true) => "settings,granted",
        (true, false) => "settings",
        _ => "granted",
    };
    // A name is chosen by its bearer: it must not steer the terminal or pass for another column.
    let name = admin
        .name
        .as_deref()
        .unwrap_or_default()
        .replace(char::is_control, " ");
    format!("{}\t{name}\t{source}\n", admin.userid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_three_columns_whatever_the_name() {
        let admin = Administrator {
            userid: UserId::parse("0158aB").unwrap(),
            name: Some("张\t三\u{1b}[31m".to_owned()),
            is_in_settings: true,
            is_granted: true,
        };
        assert_eq!(line(&admin), "0158aB\t张 三 [31m\tsettings,granted\n");
        let unknown = Administrator {
            name: None,
            is_granted: false,
            ..admin
        };
        assert_eq!(line(&unknown), "0158aB\t\tsettings\n");
    }
}
