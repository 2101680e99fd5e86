//! The callback that a company registers by DingTalk's API, in place of one made in its console.

use std::collections::BTreeSet;

use secrecy::ExposeSecret as _;
use url::Url;

use super::upstream::{self, UpstreamError};
use crate::config::WebhookConfig;
use crate::context::Context;
pub use crate::dingtalk::callback_registration::RegisteredCallback;
use crate::dingtalk::callback_registration::RegistrationError;
use crate::domain::event;

/// Why the registered callback was not changed or shown.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationFailed {
    /// None is registered.
    #[error("no callback is registered with DingTalk: `dinggate callback register` registers ours")]
    None,
    /// There is one, which registering does not replace.
    #[error("a callback is registered already: `dinggate callback update` replaces it")]
    Exists(Box<RegisteredCallback>),
    /// The one that is there leads elsewhere.
    #[error(
        "the registered address is not ours: somebody else's system may need it; `dinggate callback delete --force` deletes it all the same"
    )]
    NotOurs(Box<RegisteredCallback>),
    /// DingTalk does not take what we want to register; with what to do about it.
    #[error("{error}: {advice}")]
    Refused {
        error: UpstreamError,
        advice: String,
    },
    /// The answer never came: it may or may not have been done.
    #[error("{0}: whether it was done is not known; `dinggate callback show` tells")]
    Unknown(UpstreamError),
    #[error(transparent)]
    Upstream(UpstreamError),
}

/// A callback in the place of another.
#[derive(Debug)]
pub struct ReplacedCallback {
    pub old: RegisteredCallback,
    pub new: RegisteredCallback,
}

/// The event types that we act on or hand on by webhook, which is what is registered unless the operator
/// says otherwise.
pub fn default_events(ctx: &Context) -> Vec<String> {
    wanted_events(ctx.config.webhook.as_ref())
}

/// The event types that we act on, and those that this webhook hands on.
pub fn wanted_events(webhook: Option<&WebhookConfig>) -> Vec<String> {
    let mut events: Vec<String> = event::acted_on().map(str::to_owned).collect();
    let handed_on = webhook.iter().flat_map(|w| &w.event_types);
    for name in handed_on {
        if !events.contains(name) {
            events.push(name.clone());
        }
    }
    events
}

/// Our address, token and key, with these event types.
pub fn ours(ctx: &Context, events: Vec<String>) -> RegisteredCallback {
    let callback = &ctx.config.dingtalk.callback;
    RegisteredCallback {
        events,
        token: callback.token.clone(),
        aes_key: callback.aes_key.clone(),
        url: our_url(ctx),
    }
}

/// Where DingTalk is to push events.
pub fn our_url(ctx: &Context) -> String {
    format!("{}/dingtalk/events", ctx.config.server.public_url.as_str())
}

/// Whether a registered address is ours, however it is written.
pub fn is_our_url(ctx: &Context, url: &str) -> bool {
    is_same_address(&our_url(ctx), url)
}

/// Whether two addresses are one, however they are written.
pub fn is_same_address(one: &str, other: &str) -> bool {
    Url::parse(one).is_ok_and(|one| Url::parse(other).is_ok_and(|other| one == other))
}

/// Whether the registered token is the one in our settings.
pub fn has_our_token(ctx: &Context, registered: &RegisteredCallback) -> bool {
    registered.token.expose_secret() == ctx.config.dingtalk.callback.token.expose_secret()
}

/// Whether the registered key is the one in our settings.
pub fn has_our_key(ctx: &Context, registered: &RegisteredCallback) -> bool {
    registered.aes_key.expose_secret() == ctx.config.dingtalk.callback.aes_key.expose_secret()
}

/// What is registered now.
pub async fn show(ctx: &Context) -> Result<RegisteredCallback, RegistrationFailed> {
    upstream::registered_callback(ctx)
        .await
        .map_err(|error| match registration_error(&error) {
            Some(RegistrationError::NoneRegistered) => RegistrationFailed::None,
            _ => RegistrationFailed::Upstream(error),
        })
}

/// Registers our callback where there is none.
pub async fn register(
    ctx: &Context,
    events: Vec<String>,
) -> Result<RegisteredCallback, RegistrationFailed> {
    match show(ctx).await {
        Ok(there) => return Err(RegistrationFailed::Exists(Box::new(there))),
        Err(RegistrationFailed::None) => {}
        Err(error) => return Err(error),
    }
    let wanted = ours(ctx, events);
    match upstream::register_callback(ctx, &wanted).await {
        Ok(()) => Ok(wanted),
        // Somebody else has just registered one.
        Err(error) if registration_error(&error) == Some(RegistrationError::Exists) => {
            Err(RegistrationFailed::Exists(Box::new(show(ctx).await?)))
        }
        Err(error) => Err(refused(ctx, error)),
    }
}

/// Puts our callback in the place of the one that is registered, whosever it is. Event types that are
/// registered stay so, unless `only` the given ones are wanted.
pub async fn update(
    ctx: &Context,
    events: Vec<String>,
    only: bool,
) -> Result<ReplacedCallback, RegistrationFailed> {
    let old = show(ctx).await?;
    let kept = old.events.iter().filter(|_| !only).cloned();
    let mut seen = BTreeSet::new();
    let events = events
        .into_iter()
        .chain(kept)
        .filter(|name| seen.insert(name.clone()))
        .collect();
    let new = ours(ctx, events);
    upstream::update_callback(ctx, &new)
        .await
        .map_err(|error| refused(ctx, error))?;
    Ok(ReplacedCallback { old, new })
}

/// Deletes the registered callback; one that is not ours only with `force`.
pub async fn delete(ctx: &Context, force: bool) -> Result<RegisteredCallback, RegistrationFailed> {
    let there = show(ctx).await?;
    if !force && !is_our_url(ctx, &there.url) {
        return Err(RegistrationFailed::NotOurs(Box::new(there)));
    }
    upstream::delete_callback(ctx)
        .await
        .map_err(|error| refused(ctx, error))?;
    Ok(there)
}

fn registration_error(error: &UpstreamError) -> Option<RegistrationError> {
    match error {
        UpstreamError::Api(error) => error.registration_error(),
        _ => None,
    }
}

fn refused(ctx: &Context, error: UpstreamError) -> RegistrationFailed {
    match registration_error(&error) {
        Some(RegistrationError::NoneRegistered) => RegistrationFailed::None,
        Some(complaint) => RegistrationFailed::Refused {
            error,
            advice: advice(ctx, complaint),
        },
        None if may_be_done(&error) => RegistrationFailed::Unknown(error),
        None => RegistrationFailed::Upstream(error),
    }
}

fn may_be_done(error: &UpstreamError) -> bool {
    matches!(error, UpstreamError::Api(error) if error.may_have_been_carried_out())
}

/// What to do about a complaint of DingTalk's.
fn advice(ctx: &Context, complaint: RegistrationError) -> String {
    let url = our_url(ctx);
    match complaint {
        RegistrationError::NoneRegistered => "`dinggate callback register` registers ours".into(),
        RegistrationError::Exists => "`dinggate callback update` replaces it".into(),
        RegistrationError::UnknownEvent => {
            "DingTalk has no such event type: name others with --events".into()
        }
        RegistrationError::BadFields => {
            "DINGTALK_CALLBACK_TOKEN must have 6 to 63 letters and digits, \
            DINGTALK_CALLBACK_AES_KEY 43, and at least one event type is needed"
                .into()
        }
        RegistrationError::BadReply
        | RegistrationError::Unreachable
        | RegistrationError::TooSlow => format!(
            "while it registers, DingTalk calls {url}, where `dinggate serve` must be running with this same \
             DINGTALK_CALLBACK_TOKEN and DINGTALK_CALLBACK_AES_KEY, and answer within 1.5 s, without a redirect \
             and past any firewall{}{}",
            reach_hint(ctx),
            owner_hint(ctx)
        ),
        RegistrationError::BadUrl | RegistrationError::NotAllowed => format!(
            "DingTalk does not take the address {url} (DINGGATE_PUBLIC_URL){}",
            reach_hint(ctx)
        ),
    }
}

fn reach_hint(ctx: &Context) -> &'static str {
    let public_url = &ctx.config.server.public_url;
    if public_url.is_loopback() {
        "; DINGGATE_PUBLIC_URL leads to this machine only, where DingTalk cannot come"
    } else if public_url.is_https() {
        ""
    } else {
        "; DINGGATE_PUBLIC_URL is plain http, which firewalls and DingTalk may refuse"
    }
}

/// A callback that is registered by API bears the `CorpId` as its owner key.
fn owner_hint(ctx: &Context) -> &'static str {
    let dingtalk = &ctx.config.dingtalk;
    match &dingtalk.callback.owner_key {
        Some(key) if *key != dingtalk.corp_id => {
            "; leave DINGTALK_CALLBACK_OWNER_KEY unset, or set it to the CorpId, which a callback registered by API bears"
        }
        _ => "",
    }
}
