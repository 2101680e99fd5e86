//! DingTalk itself: it is reachable, its clock agrees with ours, and it knows our apps.

use rand::distr::{Alphanumeric, SampleString as _};

use super::Check;
use super::check_runner::{self, CheckRunner, refused, unexpected_rejection};
use super::clock::{self, Consequence};
use crate::config::{LoginFlow, PartialConfig};
use crate::text::commands::doctor::dingtalk as texts;
use crate::upstream::{ApiError, Probe};

const REACH: &str = "dingtalk";
const CLOCK: &str = "dingtalk_clock";
const APP: &str = "app_credentials";
const LOGIN_APP: &str = "login_app_credentials";

const CONSEQUENCE: Consequence = Consequence {
    what: texts::CLOCK_CONSEQUENCE,
    action: texts::SET_CLOCK,
    may_fail: true,
};

/// Checks whether DingTalk answers, and compares the clocks; without an answer all later calls are skipped.
// Long because each kind of answer has its own advice.
pub async fn reach(runner: &mut CheckRunner<'_>, parts: &PartialConfig) {
    let Some(Ok(probe)) = runner
        .call(REACH, async |access| access.probe().await)
        .await
    else {
        runner.give_up(texts::UNREACHABLE);
        return runner.note(Check::skipped(CLOCK, texts::UNREACHABLE));
    };
    let root = parts
        .oapi_url
        .as_ref()
        .map(|url| url.origin().ascii_serialization());
    let root = root.unwrap_or_default();
    let why = match probe {
        Probe::Answered { clock_ahead_ms } => {
            runner.note(Check::ok(REACH, format!("{root} answers")));
            return runner.note(match clock_ahead_ms {
                Some(ahead) => clock::compare(CLOCK, "DingTalk", ahead, &CONSEQUENCE),
                None => Check::skipped(CLOCK, texts::NO_TIME),
            });
        }
        Probe::NoConnection(why) => {
            runner.note(Check::failure(
                REACH,
                format!("{root}: {why}"),
                unreachable(&why),
            ));
            texts::UNREACHABLE
        }
        Probe::Unexpected(ApiError::Banned { .. }) => {
            runner.note(check_runner::banned(REACH));
            texts::BANNED
        }
        Probe::Unexpected(ApiError::Page { .. }) => {
            runner.note(Check::failure(
                REACH,
                texts::web_page(root),
                texts::CHECK_PROXY,
            ));
            texts::BANNED_OR_PROXY
        }
        Probe::Unexpected(error) => {
            runner.note(Check::failure(
                REACH,
                texts::not_dingtalk(root, error),
                texts::CHECK_ROUTE,
            ));
            texts::UNREACHABLE
        }
    };
    runner.give_up(why);
    runner.note(Check::skipped(CLOCK, why));
}

fn unreachable(why: &str) -> &'static str {
    if why.contains("certificate") {
        texts::FIX_CERTIFICATES
    } else if why.contains("lookup") || why.contains("dns") {
        texts::FIX_NAMES
    } else {
        texts::OPEN_PORT
    }
}

/// Checks the internal app's key and secret; if they are wrong, later checks that need a token are skipped.
pub async fn app_credentials(runner: &mut CheckRunner<'_>, parts: &PartialConfig) {
    if parts.app.is_none() {
        runner.go_without_token(texts::NO_APP_SETTINGS);
        return runner.skip(APP, texts::NO_APP_SETTINGS);
    }
    let response = runner
        .call(APP, async |access| access.check_credentials().await)
        .await;
    match response {
        Some(Ok(())) => runner.note(Check::ok(APP, texts::TOKEN_ISSUED)),
        Some(Err(error)) => {
            runner.note(refused(APP, &error));
            runner.go_without_token(texts::NO_TOKEN);
        }
        None if runner.is_over() => {}
        None => runner.go_without_token(texts::NO_TOKEN),
    }
}

/// Checks the scan-login app's id and secret: once they are right, a made-up code is rejected as an unknown code.
pub async fn login_app_credentials(runner: &mut CheckRunner<'_>, parts: &PartialConfig) {
    let Some(app) = &parts.login_app else {
        return runner.note(Check::skipped(LOGIN_APP, texts::NO_LOGIN_APP_SETTINGS));
    };
    let is_own = parts
        .app
        .as_ref()
        .is_none_or(|internal| internal.key != app.key);
    let is_oauth2 = matches!(parts.login_flow, Some(LoginFlow::OAuth2 { .. }));
    let code = made_up_code();
    let response = runner
        .call(LOGIN_APP, async |access| {
            if is_oauth2 {
                access.user_by_oauth2_code(&code).await
            } else {
                access.user_by_scan_code(&code).await
            }
        })
        .await;
    let Some(response) = response else { return };
    runner.note(match response {
        Err(error) if is_unknown_code(&error) => Check::ok(
            LOGIN_APP,
            if is_oauth2 {
                texts::OAUTH2_ACCEPTED
            } else if is_own {
                texts::SIGNATURE_ACCEPTED
            } else {
                texts::OWN_SIGNATURE_ACCEPTED
            },
        ),
        Err(error) => unexpected_rejection(LOGIN_APP, &error),
        Ok(_) => odd_answer(LOGIN_APP),
    });
}

/// Returns a code that DingTalk has never issued.
pub fn made_up_code() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 32)
}

/// Returns whether DingTalk rejects only the made-up code, which it checks last.
pub fn is_unknown_code(error: &ApiError) -> bool {
    match error {
        ApiError::Denied { .. } => error.is_spent_code(),
        _ => matches!(error.code(), Some(40078 | 40102)),
    }
}

pub fn odd_answer(name: &'static str) -> Check {
    Check::warning(name, texts::CODE_ACCEPTED, texts::IS_IT_DINGTALK)
}
