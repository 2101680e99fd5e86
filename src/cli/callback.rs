//! `dinggate callback register|show|update|delete|failed`. Results on stdout, logs on stderr.

mod failed;
mod report;

use std::io::{self, Write as _};

use clap::Subcommand;

use crate::config::Config;
use crate::context::Context;
use crate::service::callback_registration::{self, RegistrationFailed};
use crate::text::commands::callback as texts;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Registers our URL with DingTalk, which calls it at once: the service must be running
    Register {
        #[command(flatten)]
        events: Events,
    },
    /// Prints the registered callback; token and key stay hidden
    Show,
    /// Replaces the registered callback with our URL, token and key, and prints what changed
    Update {
        #[command(flatten)]
        events: Events,
        /// Removes registered event types that --events does not name
        #[arg(long)]
        only: bool,
    },
    /// Deletes the registered callback: DingTalk then stops pushing to it
    Delete {
        /// Deletes the callback even if its URL is not ours
        #[arg(long)]
        force: bool,
    },
    /// Fetches the events that DingTalk could not deliver, stores them as parked, then prints them
    #[command(
        after_help = "DingTalk deletes what it has returned. While the service runs, it fetches and releases automatically: \
            at its start, after a downtime and every 10 minutes, also what this command has left as parked."
    )]
    Failed {
        /// Releases all parked events into the inbox
        #[arg(long)]
        replay: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Events {
    /// Event types, comma-separated [default: every type that we process or forward by webhook]
    #[arg(long, value_delimiter = ',', value_parser = event_type, value_name = "TYPES")]
    events: Vec<String>,
}

impl Events {
    fn or_default(self, ctx: &Context) -> Vec<String> {
        if self.events.is_empty() {
            callback_registration::default_events(ctx)
        } else {
            self.events
        }
    }
}

/// Validates DingTalk's name of an event type.
fn event_type(text: &str) -> Result<String, String> {
    let name = text.trim();
    let is_name = !name.is_empty()
        && name.len() <= 100
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if is_name {
        Ok(name.to_owned())
    } else {
        Err(texts::NOT_AN_EVENT_TYPE.to_owned())
    }
}

pub async fn run(args: Args, config: Config) -> anyhow::Result<()> {
    Box::pin(super::with_context(config, async |ctx| {
        act(ctx, args.action).await
    }))
    .await
}

async fn act(ctx: &Context, action: Action) -> anyhow::Result<()> {
    let text = match action {
        Action::Failed { replay } => return failed::run(ctx, replay).await,
        Action::Register { events } => {
            let done = callback_registration::register(ctx, events.or_default(ctx)).await;
            format!("registered\n{}", report::callback(ctx, &told(ctx, done)?))
        }
        Action::Show => report::callback(ctx, &callback_registration::show(ctx).await?),
        Action::Update { events, only } => {
            let done = callback_registration::update(ctx, events.or_default(ctx), only).await;
            format!("updated\n{}", report::replaced(ctx, &told(ctx, done)?))
        }
        Action::Delete { force } => {
            let done = callback_registration::delete(ctx, force).await;
            format!("deleted\n{}", report::callback(ctx, &told(ctx, done)?))
        }
    };
    print(&text)
}

/// Adds the registered callback to an error that it causes.
fn told<T>(ctx: &Context, done: Result<T, RegistrationFailed>) -> anyhow::Result<T> {
    done.map_err(|error| match &error {
        RegistrationFailed::Exists(there) | RegistrationFailed::NotOurs(there) => {
            anyhow::anyhow!("{error}\n{}", report::callback(ctx, there).trim_end())
        }
        _ => error.into(),
    })
}

fn print(text: &str) -> anyhow::Result<()> {
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_type_is_a_lower_case_name() {
        assert_eq!(event_type(" user_add_org").unwrap(), "user_add_org");
        for odd in ["", " ", "User", "a b", "a-b", "a\u{1b}", &"a".repeat(101)] {
            assert!(event_type(odd).is_err(), "{odd}");
        }
    }
}
