//! The event subscription: our token, key and owner key, and the callback registered by DingTalk's API.

use secrecy::ExposeSecret as _;

use super::check_runner::{CheckRunner, refused};
use super::{Check, Status};
use crate::config::{CallbackConfig, PartialConfig};
use crate::service::callback_registration;
use crate::text::commands::doctor::callback as texts;
use crate::upstream::{CallbackCrypto, OwnerKeys, RegisteredCallback, RegistrationError};

const SETTINGS: &str = "callback_settings";
const REGISTERED: &str = "registered_callback";
const EVENTS: &str = "registered_events";
const OWNER: &str = "callback_owner_key";

/// Checks whether token and key have the form that DingTalk generates or accepts.
pub fn settings(parts: &PartialConfig) -> Check {
    let Some(callback) = &parts.callback else {
        return Check::skipped(SETTINGS, texts::NO_TOKEN_OR_KEY);
    };
    let keys = OwnerKeys::new(None, "", "");
    let token = callback.token.expose_secret();
    if CallbackCrypto::new(token, callback.aes_key.expose_secret(), keys).is_err() {
        return Check::failure(SETTINGS, texts::INVALID_KEY, texts::COPY_KEY);
    }
    let fits = (3..64).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits {
        Check::ok(SETTINGS, texts::VALID_FORM)
    } else {
        Check::warning(SETTINGS, texts::ODD_TOKEN, texts::COMPARE_TOKEN)
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
        .call_with_token(REGISTERED, async |access| {
            access.registered_callback().await
        })
        .await;
    let place = match response {
        None => None,
        Some(Err(error))
            if RegistrationError::of_error(&error) == Some(RegistrationError::NoneRegistered) =>
        {
            runner.note(Check::ok(REGISTERED, texts::NONE_REGISTERED));
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
        runner.note(Check::skipped(REGISTERED, texts::NO_PUBLIC_URL));
        return Place::Elsewhere;
    };
    let ours = format!("{public_url}/dingtalk/events");
    if !callback_registration::is_same_address(&ours, &found.url) {
        runner.note(Check::warning(
            REGISTERED,
            texts::registered_elsewhere(shown(&found.url)),
            texts::TURN_TO_US,
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
        return Check::skipped(REGISTERED, texts::NO_TOKEN_OR_KEY);
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
        return Check::ok(REGISTERED, texts::registered(ours));
    }
    Check::failure(
        REGISTERED,
        texts::registered_with_other_secrets(ours, differ.join(" and ")),
        texts::UPDATE,
    )
}

fn events(wanted: &[String], registered: &[String]) -> Check {
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|name| !registered.contains(name))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Check::ok(EVENTS, texts::ALL_EVENTS);
    }
    let leavers = if missing.contains(&"user_leave_org") {
        texts::LEAVERS_STAY
    } else {
        ""
    };
    Check::warning(
        EVENTS,
        texts::events_missing(missing.join(", "), leavers),
        texts::ADD_EVENTS,
    )
}

/// Checks whether the configured owner key, if any, is the one that events will carry.
fn owner_key(parts: &PartialConfig, place: Option<&Place>) -> Check {
    let (Some(callback), Some(app), Some(corp_id)) = (&parts.callback, &parts.app, &parts.corp_id)
    else {
        return Check::skipped(OWNER, texts::OWNER_KEY_NEEDS);
    };
    let Some(key) = &callback.owner_key else {
        return Check::ok(OWNER, texts::OWNER_KEY_UNSET);
    };
    let (is_app_key, is_corp_id) = (*key == app.key, key == corp_id);
    match place {
        _ if !is_app_key && !is_corp_id => {
            Check::failure(OWNER, texts::OWNER_KEY_UNKNOWN, texts::SET_OWNER_KEY)
        }
        Some(Place::Ours) if !is_corp_id => {
            Check::failure(OWNER, texts::OWNER_KEY_NEEDS_CORP_ID, texts::SET_CORP_ID)
        }
        Some(Place::None) if !is_app_key => Check::new(
            OWNER,
            Status::Warning,
            texts::OWNER_KEY_NEEDS_APP_KEY,
            Some(texts::SET_APP_KEY.to_owned()),
        ),
        _ => Check::ok(
            OWNER,
            if is_app_key {
                texts::APP_KEY_ONLY
            } else {
                texts::CORP_ID_ONLY
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
