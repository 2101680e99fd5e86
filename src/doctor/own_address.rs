//! Sends a callback to our own public URL, as DingTalk does, and checks the response.

use std::time::Duration;

use rand::distr::{Alphanumeric, SampleString as _};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::time::timeout;
use url::Url;

use super::Check;
use crate::config::{CallbackConfig, PartialConfig};
use crate::text::commands::doctor::callback as texts;
use crate::upstream::{
    self, CallbackCrypto, InvalidKey, OwnerKeys, SelfTestResult, callback_self_test, unix_millis,
};

const NAME: &str = "self_message";
/// DingTalk's timeout for a callback.
const DEADLINE: Duration = Duration::from_millis(1500);
/// Timeout for both owner keys together.
const TIME: Duration = Duration::from_secs(9);

/// Sends one message with each owner key that the settings accept. Problems are no more than warnings, because many
/// networks cannot reach their own public URL from inside.
pub async fn check(parts: &PartialConfig) -> Check {
    let (Some(url), Some(callback), Some(app), Some(corp_id)) = (
        &parts.public_url,
        &parts.callback,
        &parts.app,
        &parts.corp_id,
    ) else {
        return Check::skipped(NAME, texts::NO_SETTINGS);
    };
    let Ok(address) = Url::parse(&format!("{url}/dingtalk/events")) else {
        return Check::skipped(NAME, texts::NO_PATH);
    };
    let owner_keys = match &callback.owner_key {
        Some(only) => vec![only],
        None => vec![&app.key, corp_id],
    };
    match timeout(TIME, send_all(&address, callback, &owner_keys)).await {
        Ok(check) => check,
        Err(_) => judge(&address, &SelfTestResult::TimedOut),
    }
}

async fn send_all(address: &Url, callback: &CallbackConfig, owner_keys: &[&String]) -> Check {
    let Ok(http) = callback_self_test::client(upstream::USER_AGENT) else {
        return Check::skipped(NAME, texts::NO_CLIENT);
    };
    let mut slowest = Duration::ZERO;
    for owner_key in owner_keys {
        match send(&http, address, callback, owner_key).await {
            Ok(SelfTestResult::Accepted(took)) => slowest = slowest.max(took),
            Ok(outcome) => return judge(address, &outcome),
            Err(InvalidKey) => {
                return Check::skipped(NAME, texts::INVALID_KEY);
            }
        }
    }
    judge(address, &SelfTestResult::Accepted(slowest))
}

async fn send(
    http: &reqwest::Client,
    address: &Url,
    callback: &CallbackConfig,
    owner_key: &str,
) -> Result<SelfTestResult, InvalidKey> {
    let crypto = CallbackCrypto::new(
        callback.token.expose_secret(),
        callback.aes_key.expose_secret(),
        OwnerKeys::new(Some(owner_key), "", ""),
    )?;
    let text = json!({"EventType": "check_url"}).to_string();
    let nonce = Alphanumeric.sample_string(&mut rand::rng(), 16);
    let message = crypto.seal(
        text.as_bytes(),
        owner_key,
        unix_millis(),
        &nonce,
        &rand::random(),
    );
    Ok(callback_self_test::send(http, address, &message, &crypto).await)
}

// Long because each kind of answer has its own advice.
fn judge(address: &Url, outcome: &SelfTestResult) -> Check {
    let (what, action) = match outcome {
        SelfTestResult::Accepted(took) if *took > DEADLINE => {
            (texts::slow(took.as_millis()), texts::FIND_DELAY.to_owned())
        }
        SelfTestResult::Accepted(_) => {
            return Check::ok(NAME, texts::accepted(address));
        }
        SelfTestResult::NoConnection(why) => {
            (texts::unreachable(address, why), texts::START.to_owned())
        }
        SelfTestResult::TimedOut => (texts::silent(address), texts::START.to_owned()),
        SelfTestResult::Certificate(why) => (
            texts::untrusted_certificate(address, why),
            texts::FIX_CERTIFICATE.to_owned(),
        ),
        SelfTestResult::Redirected(to) => (
            texts::redirects(address, origin(address, to)),
            texts::follow_no_redirect(),
        ),
        SelfTestResult::Status(503) => (texts::http_503(address), texts::CHECK_READYZ.to_owned()),
        SelfTestResult::Status(403) => (
            texts::forbidden(address),
            texts::RESTART_OR_FIREWALL.to_owned(),
        ),
        SelfTestResult::Status(status) => {
            (texts::http_status(address, status), texts::check_answer())
        }
        SelfTestResult::Page | SelfTestResult::OtherForm => {
            (texts::not_dinggate(address), texts::lead_to_dinggate())
        }
        SelfTestResult::OtherKey => (texts::other_key(address), texts::RESTART.to_owned()),
    };
    Check::warning(NAME, what, action)
}

/// Returns the target of a redirect without its query, which repeats the message.
fn origin(address: &Url, to: &str) -> String {
    let target = address.join(to);
    target.map_or_else(
        |_| texts::SOMEWHERE_ELSE.to_owned(),
        |url| format!("{}{}", url.origin().ascii_serialization(), url.path()),
    )
}
