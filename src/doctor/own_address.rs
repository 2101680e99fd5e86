//! Sends a callback to our own public URL, as DingTalk does, and checks the response.

use std::time::Duration;

use rand::distr::{Alphanumeric, SampleString as _};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::time::timeout;
use url::Url;

use super::Check;
use crate::config::{CallbackConfig, PartialConfig};
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
        return Check::skipped(
            NAME,
            "DINGGATE_PUBLIC_URL, DINGTALK_APP_KEY, DINGTALK_CORP_ID or a setting of the callback is missing or wrong",
        );
    };
    let Ok(address) = Url::parse(&format!("{url}/dingtalk/events")) else {
        return Check::skipped(NAME, "DINGGATE_PUBLIC_URL has no room for a path");
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
        return Check::skipped(NAME, "the HTTP client cannot be built");
    };
    let mut slowest = Duration::ZERO;
    for owner_key in owner_keys {
        match send(&http, address, callback, owner_key).await {
            Ok(SelfTestResult::Accepted(took)) => slowest = slowest.max(took),
            Ok(outcome) => return judge(address, &outcome),
            Err(InvalidKey) => {
                return Check::skipped(NAME, "DINGTALK_CALLBACK_AES_KEY cannot be used as a key");
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
    /// What a proxy in front of us has to do.
    const PASS_THROUGH: &str = "let whatever stands in front of Dinggate pass /dingtalk/events through unchanged: no redirect, no page of its own, no challenge";
    const START: &str = "start `dinggate serve` and run doctor again; where it runs, this network may just not reach itself from inside: try `curl` from outside";
    let (what, action) = match outcome {
        SelfTestResult::Accepted(took) if *took > DEADLINE => (
            format!("the answer took {} ms; DingTalk waits 1500 ms", took.as_millis()),
            "find what makes it slow: the way to this address, the proxy in front, Postgres".to_owned(),
        ),
        SelfTestResult::Accepted(_) => {
            return Check::ok(
                NAME,
                format!("{address} takes a message in DingTalk's form and answers it rightly"),
            );
        }
        SelfTestResult::NoConnection(why) => (
            format!("{address} cannot be reached from here: {why}"),
            START.to_owned(),
        ),
        SelfTestResult::TimedOut => (format!("{address} does not answer in time"), START.to_owned()),
        SelfTestResult::Certificate(why) => (
            format!("the certificate of {address} is not believed: {why}"),
            "give the public address a certificate that browsers and DingTalk believe, with the whole chain".to_owned(),
        ),
        SelfTestResult::Redirected(to) => (
            format!("{address} redirects to {}, and DingTalk follows no redirect", origin(address, to)),
            format!("{PASS_THROUGH}; set DINGGATE_PUBLIC_URL to the final address"),
        ),
        SelfTestResult::Status(503) => (
            format!("{address} answers with HTTP 503"),
            "see at /readyz what the service is waiting for, and whether it runs behind the proxy".to_owned(),
        ),
        SelfTestResult::Status(403) => (
            format!("{address} refuses the message (HTTP 403)"),
            "where Dinggate answers, it runs with other values of DINGTALK_CALLBACK_*, DINGTALK_APP_KEY or DINGTALK_CORP_ID: restart it; else look into the log of the firewall in front".to_owned(),
        ),
        SelfTestResult::Status(status) => (
            format!("{address} answers with HTTP {status}"),
            format!("see that Dinggate answers there, and {PASS_THROUGH}"),
        ),
        SelfTestResult::Page | SelfTestResult::OtherForm => (
            format!("what answers at {address} is not Dinggate"),
            format!("let DINGGATE_PUBLIC_URL lead to Dinggate, and {PASS_THROUGH}"),
        ),
        SelfTestResult::OtherKey => (
            format!("{address} answers with another token, key or owner key than ours"),
            "restart the service, so that it runs with these settings; see that the address leads to this installation".to_owned(),
        ),
    };
    Check::warning(NAME, what, action)
}

/// Returns the target of a redirect without its query, which repeats the message.
fn origin(address: &Url, to: &str) -> String {
    let target = address.join(to);
    target.map_or_else(
        |_| "somewhere else".to_owned(),
        |url| format!("{}{}", url.origin().ascii_serialization(), url.path()),
    )
}
