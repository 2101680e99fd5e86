//! DingTalk itself: it is reachable, its clock agrees with ours, and it knows our apps.

use rand::distr::{Alphanumeric, SampleString as _};

use super::Check;
use super::check_runner::{self, CheckRunner, refused, unexpected_rejection};
use super::clock::{self, Consequence};
use crate::config::{LoginFlow, PartialConfig};
use crate::upstream::{ApiError, Probe};

const REACH: &str = "dingtalk";
const CLOCK: &str = "dingtalk_clock";
const APP: &str = "app_credentials";
const LOGIN_APP: &str = "login_app_credentials";

const CONSEQUENCE: Consequence = Consequence {
    what: "Dinggate signs by DingTalk's time as long as it is no more than 15 minutes off",
    action: "set this machine's clock by NTP",
    may_fail: true,
};

/// Checks whether DingTalk answers, and compares the clocks; without an answer all later calls are skipped.
// Long because each kind of answer has its own advice.
pub async fn reach(runner: &mut CheckRunner<'_>, parts: &PartialConfig) {
    let Some(Ok(probe)) = runner.call(REACH, async |road| road.probe().await).await else {
        runner.give_up("DingTalk cannot be reached");
        return runner.note(Check::skipped(CLOCK, "DingTalk cannot be reached"));
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
                None => Check::skipped(CLOCK, "DingTalk's answer does not bear the time"),
            });
        }
        Probe::NoConnection(why) => {
            runner.note(Check::failure(
                REACH,
                format!("{root}: {why}"),
                unreachable(&why),
            ));
            "DingTalk cannot be reached"
        }
        Probe::Unexpected(ApiError::Banned { .. }) => {
            runner.note(check_runner::banned(REACH));
            "DingTalk has banned our address"
        }
        Probe::Unexpected(ApiError::Page { .. }) => {
            runner.note(Check::failure(
                REACH,
                format!(
                    "{root} answers with a web page: a proxy in between fails, or DingTalk has banned our address"
                ),
                "look at the proxy, and run doctor again in five minutes, after which a ban is over",
            ));
            "a web page comes in place of DingTalk's answers, as to a banned address"
        }
        Probe::Unexpected(error) => {
            runner.note(Check::failure(
                REACH,
                format!("what answers at {root} is not DingTalk: {error}"),
                "look what stands in between: a proxy, a portal, DINGTALK_OAPI_URL",
            ));
            "DingTalk cannot be reached"
        }
    };
    runner.give_up(why);
    runner.note(Check::skipped(CLOCK, why));
}

fn unreachable(why: &str) -> &'static str {
    if why.contains("certificate") {
        "bring the system's root certificates up to date (ca-certificates), set the clock right, or let the proxy leave DingTalk's certificate alone"
    } else if why.contains("lookup") || why.contains("dns") {
        "see that this machine resolves names (/etc/resolv.conf)"
    } else {
        "let this machine call DingTalk on port 443: firewall, route, or HTTPS_PROXY where there is a proxy"
    }
}

/// Checks the internal app's key and secret; if they are wrong, later checks that need a token are skipped.
pub async fn app_credentials(runner: &mut CheckRunner<'_>, parts: &PartialConfig) {
    const NO_TOKEN: &str = "there is no access token";
    if parts.app.is_none() {
        const LACKING: &str = "DINGTALK_APP_KEY or DINGTALK_APP_SECRET is missing or wrong";
        runner.go_without_token(LACKING);
        return runner.skip(APP, LACKING);
    }
    let response = runner
        .call(APP, async |road| road.try_credentials().await)
        .await;
    match response {
        Some(Ok(())) => runner.note(Check::ok(
            APP,
            "DingTalk issues a token for DINGTALK_APP_KEY and DINGTALK_APP_SECRET",
        )),
        Some(Err(error)) => {
            runner.note(refused(APP, &error));
            runner.go_without_token(NO_TOKEN);
        }
        None if runner.is_over() => {}
        None => runner.go_without_token(NO_TOKEN),
    }
}

/// Checks the scan-login app's id and secret: once they are right, a made-up code is rejected as an unknown code.
pub async fn login_app_credentials(runner: &mut CheckRunner<'_>, parts: &PartialConfig) {
    let Some(app) = &parts.login_app else {
        return runner.note(Check::skipped(
            LOGIN_APP,
            "DINGTALK_LOGIN_APP_ID or DINGTALK_LOGIN_APP_SECRET is missing or wrong",
        ));
    };
    let is_own = parts
        .app
        .as_ref()
        .is_none_or(|internal| internal.key != app.key);
    let is_oauth2 = matches!(parts.login_flow, Some(LoginFlow::OAuth2 { .. }));
    let code = made_up_code();
    let response = runner
        .call(LOGIN_APP, async |road| {
            if is_oauth2 {
                road.user_by_oauth2_code(&code).await
            } else {
                road.user_by_scan_code(&code).await
            }
        })
        .await;
    let Some(response) = response else { return };
    runner.note(match response {
        Err(error) if is_unknown_code(&error) => Check::ok(
            LOGIN_APP,
            if is_oauth2 {
                "DingTalk takes the id and secret that people sign in with on its newer page"
            } else if is_own {
                "DingTalk takes the signature of DINGTALK_LOGIN_APP_ID and DINGTALK_LOGIN_APP_SECRET"
            } else {
                "DingTalk takes the internal app's signature for scans, too"
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
    Check::warning(
        name,
        "DingTalk takes a code that was made up, which says nothing of the app",
        "look at DINGTALK_OAPI_URL: is it DingTalk?",
    )
}
