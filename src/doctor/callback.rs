//! The event subscription: our token, key and owner key, and the callback registered by DingTalk's API.

use secrecy::ExposeSecret as _;

use super::check_runner::{CheckRunner, refused};
use super::{Check, Status};
use crate::config::{CallbackConfig, PartialConfig};
use crate::service::callback_registration;
use crate::upstream::{CallbackCrypto, OwnerKeys, RegisteredCallback, RegistrationError};

const SETTINGS: &str = "callback_settings";
const REGISTERED: &str = "registered_callback";
const EVENTS: &str = "registered_events";
const OWNER: &str = "callback_owner_key";

const MISSING: &str = "DINGTALK_CALLBACK_TOKEN or DINGTALK_CALLBACK_AES_KEY is missing or wrong";

/// Checks whether token and key have the form that DingTalk generates or accepts.
pub fn settings(parts: &PartialConfig) -> Check {
    let Some(callback) = &parts.callback else {
        return Check::skipped(SETTINGS, MISSING);
    };
    let keys = OwnerKeys::new(None, "", "");
    let token = callback.token.expose_secret();
    if CallbackCrypto::new(token, callback.aes_key.expose_secret(), keys).is_err() {
        return Check::failure(
            SETTINGS,
            "DINGTALK_CALLBACK_AES_KEY cannot be used as a key",
            "copy aes_key again from 开发配置 › 事件订阅, or let the console generate another",
        );
    }
    let fits = (3..64).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits {
        Check::ok(SETTINGS, "token and key have the right form")
    } else {
        Check::warning(
            SETTINGS,
            "DINGTALK_CALLBACK_TOKEN is not of the form that DingTalk generates (3 to 63 letters and digits)",
            "compare it with 签名 token in the developer console (开发配置 › 事件订阅)",
        )
    }
}

/// The target of the registered callback.
enum Place {
    None,
    Ours,
    Elsewhere,
}

/// Compares the callback registered by API with ours.
pub async fn registered(runner: &mut CheckRunner<'_>, parts: &PartialConfig) {
    let response = runner
        .call_with_token(REGISTERED, async |road| road.registered_callback().await)
        .await;
    let place = match response {
        None => None,
        Some(Err(error))
            if RegistrationError::of_error(&error) == Some(RegistrationError::NoneRegistered) =>
        {
            runner.note(Check::ok(
                REGISTERED,
                "none is registered by API: events come by the subscription made in the developer console (开发配置 › 事件订阅)",
            ));
            Some(Place::None)
        }
        Some(Err(error)) => {
            runner.note(refused(REGISTERED, &error));
            None
        }
        Some(Ok(found)) => Some(compare(runner, parts, &found)),
    };
    runner.note(owner_key(parts, place.as_ref()));
}

fn compare(
    runner: &mut CheckRunner<'_>,
    parts: &PartialConfig,
    found: &RegisteredCallback,
) -> Place {
    let Some(public_url) = &parts.public_url else {
        runner.note(Check::skipped(
            REGISTERED,
            "DINGGATE_PUBLIC_URL is missing or wrong",
        ));
        return Place::Elsewhere;
    };
    let ours = format!("{public_url}/dingtalk/events");
    if !callback_registration::is_same_address(&ours, &found.url) {
        runner.note(Check::warning(
            REGISTERED,
            format!("one is registered by API at {}, which is not ours", shown(&found.url)),
            "where nobody else needs it, `dinggate callback update` turns it to us and `dinggate callback delete --force` ends it; a subscription in the console works beside it",
        ));
        return Place::Elsewhere;
    }
    runner.note(secrets(&ours, found, parts.callback.as_ref()));
    let wanted = callback_registration::wanted_events(parts.webhook.as_ref());
    runner.note(events(&wanted, &found.events));
    Place::Ours
}

/// Returns a URL without the parts that may be secret.
fn shown(address: &str) -> String {
    let plain = address.split(['?', '#']).next().unwrap_or_default();
    plain.chars().take(200).collect()
}

fn secrets(ours: &str, found: &RegisteredCallback, callback: Option<&CallbackConfig>) -> Check {
    let Some(callback) = callback else {
        return Check::skipped(REGISTERED, MISSING);
    };
    let differ: Vec<&str> = [
        ("DINGTALK_CALLBACK_TOKEN", &found.token, &callback.token),
        (
            "DINGTALK_CALLBACK_AES_KEY",
            &found.aes_key,
            &callback.aes_key,
        ),
    ]
    .into_iter()
    .filter(|(_, theirs, own)| theirs.expose_secret() != own.expose_secret())
    .map(|(name, ..)| name)
    .collect();
    if differ.is_empty() {
        return Check::ok(
            REGISTERED,
            format!("registered by API at {ours}, with our token and key"),
        );
    }
    Check::failure(
        REGISTERED,
        format!(
            "registered by API at {ours}, but with another value than that of {}: every event is refused",
            differ.join(" and ")
        ),
        "run `dinggate callback update`",
    )
}

fn events(wanted: &[String], registered: &[String]) -> Check {
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|name| !registered.contains(name))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Check::ok(EVENTS, "all event types that matter are registered");
    }
    let leavers = if missing.contains(&"user_leave_org") {
        "; people who leave stay signed in until the next full sync"
    } else {
        ""
    };
    Check::warning(
        EVENTS,
        format!("not registered: {}{leavers}", missing.join(", ")),
        "run `dinggate callback update`, which adds them",
    )
}

/// Checks whether the configured owner key, if any, is the one that events will carry.
fn owner_key(parts: &PartialConfig, place: Option<&Place>) -> Check {
    let (Some(callback), Some(app), Some(corp_id)) = (&parts.callback, &parts.app, &parts.corp_id)
    else {
        return Check::skipped(
            OWNER,
            "the settings of the callback, of the internal app or DINGTALK_CORP_ID are missing or wrong",
        );
    };
    let Some(key) = &callback.owner_key else {
        return Check::ok(
            OWNER,
            "DINGTALK_CALLBACK_OWNER_KEY is not set: the AppKey and the CorpId are both accepted",
        );
    };
    let (is_app_key, is_corp_id) = (*key == app.key, key == corp_id);
    match place {
        _ if !is_app_key && !is_corp_id => Check::failure(
            OWNER,
            "DINGTALK_CALLBACK_OWNER_KEY is neither DINGTALK_APP_KEY nor DINGTALK_CORP_ID: every event is refused",
            "take it out, or set it to the AppKey (subscription in the console) or the CorpId (registered by API)",
        ),
        Some(Place::Ours) if !is_corp_id => Check::failure(
            OWNER,
            "DINGTALK_CALLBACK_OWNER_KEY is the AppKey, but events of a callback registered by API bear the CorpId: they are refused",
            "take DINGTALK_CALLBACK_OWNER_KEY out, or set it to the CorpId",
        ),
        Some(Place::None) if !is_app_key => Check::new(
            OWNER,
            Status::Warning,
            "DINGTALK_CALLBACK_OWNER_KEY is the CorpId, but no callback is registered by API: events of a subscription made in the console bear the AppKey and are refused",
            Some("take DINGTALK_CALLBACK_OWNER_KEY out, set it to the AppKey, or run `dinggate callback register`".to_owned()),
        ),
        _ => Check::ok(
            OWNER,
            if is_app_key {
                "only events that bear the AppKey are accepted"
            } else {
                "only events that bear the CorpId are accepted"
            },
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn an_address_is_shown_without_its_query() {
        assert_eq!(
            shown("https://a.example/cb?key=secret"),
            "https://a.example/cb"
        );
    }
}
