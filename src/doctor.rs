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

use crate::config::{Config, ConfigCheck, Migrate, PartialConfig, SettingErrors};
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
    errors: SettingErrors,
    migrate: Option<Migrate>,
    /// `None` if the settings are incomplete or invalid.
    ctx: Option<Context>,
    secrets: Vec<SecretString>,
}

impl Input {
    /// Takes the settings; `context` creates the service's context from valid ones.
    pub fn new(examined: ConfigCheck, context: impl FnOnce(Config) -> Option<Context>) -> Self {
        let (config, errors) = match examined.whole {
            Ok(config) => (Some(config), SettingErrors::default()),
            Err(errors) => (None, errors),
        };
        Self {
            parts: examined.parts,
            errors,
            migrate: config.as_ref().map(|config| config.server.migrate),
            ctx: config.and_then(context),
            secrets: examined.secrets,
        }
    }
}

/// Runs all checks; takes less than half a minute, even if nothing answers.
pub async fn examine(input: &Input) -> Report {
    let mut checks = settings::all(&input.errors);
    let database = database::examine(input).await;
    checks.extend(database.checks);
    let access = Access::choose(input, database.is_in_place);
    let (dingtalk, own_address) = tokio::join!(
        check_dingtalk(input, access, database.has_scanned),
        own_address::check(&input.parts)
    );
    checks.extend(dingtalk.before_address);
    checks.push(own_address);
    checks.extend(dingtalk.login_page);
    checks.extend(database.records);
    checks.push(settings::public_url(&input.parts));
    for check in &mut checks {
        clean(&mut check.detail, &input.secrets);
        if let Some(action) = &mut check.action {
            clean(action, &input.secrets);
        }
    }
    if let Some(ctx) = &input.ctx {
        ctx.dingtalk.permits_returned().await;
    }
    Report {
        ok: checks.iter().all(|check| check.status != Status::Failure),
        checks,
    }
}

/// The DingTalk checks, before and after the check of our own URL.
struct DingTalkChecks {
    before_address: Vec<Check>,
    login_page: Vec<Check>,
}

async fn check_dingtalk(
    input: &Input,
    access: Result<Access<'_>, String>,
    has_scanned: Option<bool>,
) -> DingTalkChecks {
    let parts = &input.parts;
    let mut runner = CheckRunner::new(access, Instant::now() + DINGTALK_TIME);
    runner.note(settings::proxy());
    dingtalk::reach(&mut runner, parts).await;
    dingtalk::app_credentials(&mut runner, parts).await;
    dingtalk::login_app_credentials(&mut runner, parts).await;
    runner.begin_address();
    let visible = scope::look(&mut runner).await;
    permissions::try_all(&mut runner, &visible).await;
    permissions::approvals(&mut runner, parts).await;
    runner.note(visible.into_check());
    runner.notes(login_page::same_company(parts, has_scanned));
    runner.note(callback::settings(parts));
    callback::registered(&mut runner, parts).await;
    runner.end_address();
    let before_address = runner.take();
    login_page::redirect_domain(&mut runner, parts).await;
    DingTalkChecks {
        before_address,
        login_page: runner.take(),
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
