//! The callback that a company registers by DingTalk's API, instead of configuring it in the developer console.

use std::collections::BTreeSet;

use secrecy::ExposeSecret as _;
use url::Url;

use crate::config::WebhookConfig;
use crate::context::Context;
pub use crate::upstream::RegisteredCallback;
use crate::upstream::{RegistrationError, UpstreamError, event};

/// Why the registered callback was not changed or shown.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationFailed {
    /// None is registered.
    #[error("no callback is registered with DingTalk: `dinggate callback register` registers ours")]
    None,
    /// One exists, which registering does not replace.
    #[error("a callback is registered already: `dinggate callback update` replaces it")]
    Exists(Box<RegisteredCallback>),
    /// The existing one has another URL.
    #[error(
        "the registered address is not ours: somebody else's system may need it; `dinggate callback delete --force` deletes it all the same"
    )]
    NotOurs(Box<RegisteredCallback>),
    /// DingTalk rejects the registration; includes what to do about it.
    #[error("{error}: {advice}")]
    Refused {
        error: UpstreamError,
        advice: String,
    },
    /// No response arrived: the change may or may not have been made.
    #[error("{0}: whether it was done is not known; `dinggate callback show` shows it")]
    Unknown(UpstreamError),
    #[error(transparent)]
    Upstream(UpstreamError),
}

/// The callback before and after an update.
#[derive(Debug)]
pub struct ReplacedCallback {
    pub old: RegisteredCallback,
    pub new: RegisteredCallback,
}

/// Returns the event types that we act on or forward by webhook, which are registered unless the operator chooses
/// other ones.
pub fn default_events(ctx: &Context) -> Vec<String> {
    wanted_events(ctx.config.webhook.as_ref())
}

/// Returns the event types that we act on, and those that this webhook forwards.
pub fn wanted_events(webhook: Option<&WebhookConfig>) -> Vec<String> {
    let mut events: Vec<String> = event::required_types().map(str::to_owned).collect();
    let handed_on = webhook.iter().flat_map(|w| &w.event_types);
    for name in handed_on {
        if !events.contains(name) {
            events.push(name.clone());
        }
    }
    events
}

/// Returns our URL, token and key, with these event types.
pub fn ours(ctx: &Context, events: Vec<String>) -> RegisteredCallback {
    let callback = &ctx.config.dingtalk.callback;
    RegisteredCallback {
        events,
        token: callback.token.clone(),
        aes_key: callback.aes_key.clone(),
        url: our_url(ctx),
    }
}

/// Returns the URL to which DingTalk should push events.
pub fn our_url(ctx: &Context) -> String {
    format!("{}/dingtalk/events", ctx.config.server.public_url.as_str())
}

/// Returns whether a registered URL is ours, in any spelling.
pub fn is_our_url(ctx: &Context, url: &str) -> bool {
    is_same_address(&our_url(ctx), url)
}

/// Returns whether two URLs are equal once parsed.
pub fn is_same_address(one: &str, other: &str) -> bool {
    Url::parse(one).is_ok_and(|one| Url::parse(other).is_ok_and(|other| one == other))
}

/// Returns whether the registered token is the one in our settings.
pub fn has_our_token(ctx: &Context, registered: &RegisteredCallback) -> bool {
    registered.token.expose_secret() == ctx.config.dingtalk.callback.token.expose_secret()
}

/// Returns whether the registered key is the one in our settings.
pub fn has_our_key(ctx: &Context, registered: &RegisteredCallback) -> bool {
    registered.aes_key.expose_secret() == ctx.config.dingtalk.callback.aes_key.expose_secret()
}

/// Returns the registered callback.
pub async fn show(ctx: &Context) -> Result<RegisteredCallback, RegistrationFailed> {
    ctx.dingtalk
        .registered_callback()
        .await
        .map_err(|error| match registration_error(&error) {
            Some(RegistrationError::NoneRegistered) => RegistrationFailed::None,
            _ => RegistrationFailed::Upstream(error),
        })
}

/// Registers our callback if there is none.
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
    match ctx.dingtalk.register_callback(&wanted).await {
        Ok(()) => Ok(wanted),
        // Another one was registered since the check.
        Err(error) if registration_error(&error) == Some(RegistrationError::Exists) => {
            Err(RegistrationFailed::Exists(Box::new(show(ctx).await?)))
        }
        Err(error) => Err(refused(ctx, error)),
    }
}

/// Replaces the registered callback, even a foreign one, with ours. Registered event types are kept, unless `only`
/// the given ones are wanted.
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
    ctx.dingtalk
        .update_callback(&new)
        .await
        .map_err(|error| refused(ctx, error))?;
    Ok(ReplacedCallback { old, new })
}

/// Deletes the registered callback; a foreign one only with `force`.
pub async fn delete(ctx: &Context, force: bool) -> Result<RegisteredCallback, RegistrationFailed> {
    let there = show(ctx).await?;
    if !force && !is_our_url(ctx, &there.url) {
        return Err(RegistrationFailed::NotOurs(Box::new(there)));
    }
    ctx.dingtalk
        .delete_callback()
        .await
        .map_err(|error| refused(ctx, error))?;
    Ok(there)
}

fn registration_error(error: &UpstreamError) -> Option<RegistrationError> {
    match error {
        UpstreamError::Api(error) => RegistrationError::of_error(error),
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

/// Returns what to do about a registration error.
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

/// Returns a hint if our owner key is not the `CorpId`, which callbacks registered by API use as their owner key.
fn owner_hint(ctx: &Context) -> &'static str {
    let dingtalk = &ctx.config.dingtalk;
    match &dingtalk.callback.owner_key {
        Some(key) if *key != dingtalk.corp_id => {
            "; leave DINGTALK_CALLBACK_OWNER_KEY unset, or set it to the CorpId, which a callback registered by API bears"
        }
        _ => "",
    }
}
