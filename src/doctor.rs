//! `dinggate doctor`: checks everything that the service needs, and says for each problem exactly what to do.
//! Nothing is changed, and no failed check stops the others.

mod access;
mod callback;
mod check_runner;
mod clock;
mod database;
mod dingtalk;
mod forwarded;
mod login_page;
mod own_address;
mod permissions;
mod pooler;
mod records;
mod scope;
mod server;
mod settings;

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use tokio::time::Instant;

use crate::config::{Config, ConfigCheck, Faults, Migrate, PartialConfig};
use crate::context::Context;
use access::Access;
use check_runner::CheckRunner;

/// Timeout for all DingTalk calls together. With the time for Postgres before it, the total stays below half a
/// minute even if nothing answers.
const DINGTALK_TIME: Duration = Duration::from_secs(15);

/// The status of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    Warning,
    Failure,
    /// The check could not be made; the detail says why.
    Skipped,
}

/// One check: its name, which is stable across versions, and its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    pub name: &'static str,
    pub status: Status,
    pub detail: String,
    /// What to do about it.
    pub action: Option<String>,
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, Status::Ok, detail, None)
    }

    fn warning(name: &'static str, detail: impl Into<String>, action: impl Into<String>) -> Self {
        Self::new(name, Status::Warning, detail, Some(action.into()))
    }

    fn failure(name: &'static str, detail: impl Into<String>, action: impl Into<String>) -> Self {
        Self::new(name, Status::Failure, detail, Some(action.into()))
    }

    fn skipped(name: &'static str, why: impl Into<String>) -> Self {
        Self::new(name, Status::Skipped, why, None)
    }

    fn new(
        name: &'static str,
        status: Status,
        detail: impl Into<String>,
        action: Option<String>,
    ) -> Self {
        Self {
            name,
            status,
            detail: detail.into(),
            action,
        }
    }
}

/// All checks, in the order in which their findings are best fixed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing has failed; warnings are allowed.
    pub ok: bool,
    pub checks: Vec<Check>,
}

/// What is examined: the settings, as far as they can be parsed, and what was built from them.
pub struct Input {
    parts: PartialConfig,
    faults: Faults,
    migrate: Option<Migrate>,
    /// `None` if the settings are incomplete or invalid.
    ctx: Option<Context>,
    secrets: Vec<SecretString>,
}

impl Input {
    /// Takes the settings; `context` creates the service's context from valid ones.
    pub fn new(examined: ConfigCheck, context: impl FnOnce(Config) -> Option<Context>) -> Self {
        let (config, faults) = match examined.whole {
            Ok(config) => (Some(config), Faults::default()),
            Err(faults) => (None, faults),
        };
        Self {
            parts: examined.parts,
            faults,
            migrate: config.as_ref().map(|config| config.server.migrate),
            ctx: config.and_then(context),
            secrets: examined.secrets,
        }
    }
}

/// Runs all checks; takes less than half a minute, even if nothing answers.
pub async fn examine(subject: &Input) -> Report {
    let mut checks = settings::all(&subject.faults);
    let database = database::examine(subject).await;
    checks.extend(database.checks);
    let road = Access::choose(subject, database.is_in_place);
    let (asked, own_address) = tokio::join!(
        ask_dingtalk(subject, road, database.has_scanned),
        own_address::check(&subject.parts)
    );
    checks.extend(asked.before_address);
    checks.push(own_address);
    checks.extend(asked.login_page);
    checks.extend(database.records);
    checks.push(settings::public_url(&subject.parts));
    for check in &mut checks {
        clean(&mut check.detail, &subject.secrets);
        if let Some(action) = &mut check.action {
            clean(action, &subject.secrets);
        }
    }
    if let Some(ctx) = &subject.ctx {
        ctx.dingtalk.permits_returned().await;
    }
    Report {
        ok: checks.iter().all(|check| check.status != Status::Failure),
        checks,
    }
}

/// The DingTalk checks, before and after the check of our own URL.
struct Scope {
    before_address: Vec<Check>,
    login_page: Vec<Check>,
}

async fn ask_dingtalk(
    subject: &Input,
    road: Result<Access<'_>, String>,
    has_scanned: Option<bool>,
) -> Scope {
    let parts = &subject.parts;
    let mut asking = CheckRunner::new(road, Instant::now() + DINGTALK_TIME);
    asking.note(settings::proxy());
    dingtalk::reach(&mut asking, parts).await;
    dingtalk::app_credentials(&mut asking, parts).await;
    dingtalk::login_app_credentials(&mut asking, parts).await;
    asking.begin_address();
    let visible = scope::look(&mut asking).await;
    permissions::try_all(&mut asking, &visible).await;
    permissions::approvals(&mut asking, parts).await;
    asking.note(visible.into_check());
    asking.notes(login_page::same_company(parts, has_scanned));
    asking.note(callback::settings(parts));
    callback::registered(&mut asking, parts).await;
    asking.end_address();
    let before_address = asking.take();
    login_page::redirect_domain(&mut asking, parts).await;
    Scope {
        before_address,
        login_page: asking.take(),
    }
}

/// Redacts secrets from external texts, and replaces control characters, which could manipulate a terminal.
fn clean(text: &mut String, secrets: &[SecretString]) {
    // Shorter secrets would match our own words, and redacting them would not protect them.
    const TELLING: usize = 6;
    for secret in secrets {
        let secret = secret.expose_secret().trim();
        if secret.len() >= TELLING && text.contains(secret) {
            *text = text.replace(secret, "***");
        }
    }
    if text.contains(char::is_control) {
        *text = text.replace(char::is_control, " ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_say_is_shown_without_our_secrets_and_on_one_line() {
        let mut text = "40096 bad appsecret s3cr3t-s3cr3t\n\u{1b}[31m".to_owned();
        clean(&mut text, &["s3cr3t-s3cr3t\n".into(), "bad".into()]);
        assert_eq!(text, "40096 bad appsecret ***  [31m");
    }
}
