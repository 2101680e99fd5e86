//! Reports rejections that only the administrators can fix, and how long an API has not answered.

use std::time::Duration;

use dingtalk::ApiError;
use dingtalk::callback_registration::RegistrationError;
use dingtalk::remediation::Remediation;

use super::{DingTalk, Idempotency, Priority};
use crate::domain::alert::AlertKind;
use crate::store::alert;

/// Returns for how long an API has not answered a sync.
pub(super) fn outage(dingtalk: &DingTalk, priority: Priority, error: &ApiError) -> Duration {
    if priority == Priority::Sync && error.is_unavailable() {
        dingtalk.0.outages.record_failure(error.api())
    } else {
        Duration::ZERO
    }
}

/// Alerts the administrators about a rejection that concerns the app, not a person.
pub(super) async fn report(dingtalk: &DingTalk, error: &ApiError, idempotency: Idempotency) {
    let concerns_the_request = idempotency == Idempotency::NotIdempotent
        || RegistrationError::of_error(error).is_some()
        || error.is_unknown_person()
        || error.is_unknown_department()
        || error.is_unknown_process_instance()
        || (idempotency == Idempotency::ConsumesCode && error.is_spent_code());
    let Some(code) = error
        .named_code()
        .filter(|_| !error.is_unavailable() && !concerns_the_request)
    else {
        return;
    };
    if dingtalk.0.outages.should_log(error.api(), &code) {
        let (name, permissions) = code.split_once(' ').unwrap_or((&code, ""));
        let remediation = Remediation::of_named(error.api(), name, permissions);
        tracing::error!(api = error.api(), code, %error, ?remediation, "DingTalk refuses us");
    }
    let kind = AlertKind::Misconfigured(error.api().to_owned());
    let stored = dingtalk
        .0
        .db
        .read(async |conn| alert::raise(conn, kind.clone(), &code).await)
        .await;
    if let Err(error) = stored {
        tracing::warn!(%error, "could not store an alert");
    }
}
