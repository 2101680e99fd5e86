//! One access token for all instances: stored encrypted in Postgres, renewed by one of them before it expires,
//! dropped when DingTalk rejects it.

use std::time::{Duration, Instant};

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Idempotency, Priority, UpstreamError, call_with_retries, rate_limiter};
use crate::context::{CachedToken, Context};
use crate::dingtalk::token::Token;
use crate::store::{StoreError, token as table};

pub(super) const API: &str = "gettoken";
/// How long this process uses its copy without checking the table.
const COPY_LIFE: Duration = Duration::from_secs(30);
const NONCE_LEN: usize = 12;

/// Returns a token that should still be valid, fetching one if there is none.
pub(super) async fn current(ctx: &Context) -> Result<CachedToken, UpstreamError> {
    // One lookup at a time: those who wait here find the token that the previous one has fetched.
    let mut copy = ctx.token.lock().await;
    if let Some(token) = copy
        .as_ref()
        .filter(|token| token.fresh_until > Instant::now())
    {
        return Ok(token.clone());
    }
    let token = obtain_detached(ctx).await?;
    *copy = Some(token.clone());
    Ok(token)
}

/// Obtains a token in a separate task: a cancelled login must not leave a claim behind.
async fn obtain_detached(ctx: &Context) -> Result<CachedToken, UpstreamError> {
    let ctx = ctx.clone();
    let obtained = tokio::spawn(async move { obtain(&ctx).await }).await;
    obtained.unwrap_or(Err(UpstreamError::Store(StoreError::Unavailable(None))))
}

async fn obtain(ctx: &Context) -> Result<CachedToken, UpstreamError> {
    loop {
        if let Some(kept) = find(ctx).await? {
            return Ok(kept);
        }
        let Some(claim) = claim(ctx).await? else {
            tokio::time::sleep(Duration::from_millis(60)).await;
            continue;
        };
        // Another caller may have fetched one, and released the claim, since the check above.
        match find(ctx).await {
            // Whatever its lifetime, the token is valid for the caller that has just fetched it.
            Ok(None) => return fetch(ctx, claim).await,
            found => {
                release(ctx, claim).await?;
                if let Some(kept) = found? {
                    return Ok(kept);
                }
            }
        }
    }
}

/// Drops a token that DingTalk has rejected, unless it has already been replaced.
pub(super) async fn reject(ctx: &Context, rejected: &CachedToken) -> Result<(), StoreError> {
    let mut copy = ctx.token.lock().await;
    if copy
        .as_ref()
        .is_some_and(|token| token.version == rejected.version)
    {
        *copy = None;
    }
    let digest = secret_digest(ctx);
    ctx.db
        .read(async |conn| table::drop_rejected(conn, slot(ctx, &digest), rejected.version).await)
        .await
}

async fn find(ctx: &Context) -> Result<Option<CachedToken>, StoreError> {
    let digest = secret_digest(ctx);
    let kept = ctx
        .db
        .read(async |conn| table::find(conn, slot(ctx, &digest)).await)
        .await?;
    // A token encrypted under another secret key is useless.
    let Some((value, kept)) = kept.and_then(|kept| Some((unseal(ctx, &kept.sealed)?, kept))) else {
        return Ok(None);
    };
    let mut life = copy_life(kept.seconds_left);
    if kept.seconds_to_renewal <= 0.0 {
        life = life.min(Duration::from_secs(2));
        if let Some(claim) = claim(ctx).await? {
            renew_in_background(ctx, claim);
        }
    }
    Ok(Some(CachedToken {
        value,
        version: kept.version,
        fresh_until: Instant::now() + life,
    }))
}

/// Returns how long a copy is used of a token with this many seconds left.
fn copy_life(seconds_left: f64) -> Duration {
    // Neither infinity nor NaN is a duration.
    Duration::try_from_secs_f64(seconds_left.clamp(0.0, COPY_LIFE.as_secs_f64()))
        .unwrap_or_default()
}

/// Renews the token while the old one is still in use.
fn renew_in_background(ctx: &Context, claim: Uuid) {
    let ctx = ctx.clone();
    tokio::spawn(async move {
        if let Err(error) = fetch(&ctx, claim).await {
            tracing::warn!(%error, "could not renew the access token before its expiry");
        }
    });
}

/// Fetches and stores a token; the caller holds the claim, which is released by this.
async fn fetch(ctx: &Context, claim: Uuid) -> Result<CachedToken, UpstreamError> {
    let digest = secret_digest(ctx);
    let fetched = call_with_retries(ctx, Priority::Login, API, Idempotency::Idempotent, || {
        Box::pin(request(ctx))
    })
    .await;
    let stored = ctx
        .db
        .read(async |conn| {
            let Ok(token) = &fetched else {
                table::release(conn, slot(ctx, &digest), claim).await?;
                return Ok(0);
            };
            let sealed = seal(ctx, &token.value).ok_or(StoreError::Unavailable(None))?;
            let lifetime = token.lifetime.as_secs_f64();
            table::keep(conn, slot(ctx, &digest), &sealed, lifetime).await
        })
        .await;
    let token = fetched?;
    Ok(CachedToken {
        value: token.value,
        version: stored?,
        fresh_until: Instant::now() + copy_life(token.lifetime.as_secs_f64()),
    })
}

pub(super) async fn request(ctx: &Context) -> Result<Token, UpstreamError> {
    let turn = rate_limiter::acquire(ctx, API, Priority::Login).await?;
    let token = ctx.dingtalk.get_token().await;
    drop(turn);
    Ok(token?)
}

/// Claims the right to fetch a token; returns the claim, or `None` while another caller holds it.
async fn claim(ctx: &Context) -> Result<Option<Uuid>, StoreError> {
    let (digest, claim) = (secret_digest(ctx), Uuid::new_v4());
    let claimed = ctx
        .db
        .read(async |conn| table::claim(conn, slot(ctx, &digest), claim).await)
        .await;
    if claimed.is_err() {
        release_later(ctx, claim);
    }
    Ok(claimed?.then_some(claim))
}

/// Delays of the releases of an unanswered claim, which Postgres may still execute that late.
const RELEASES: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// Releases a claim whose statement was cut off: Postgres may have executed it nevertheless.
fn release_later(ctx: &Context, claim: Uuid) {
    let ctx = ctx.clone();
    tokio::spawn(async move {
        for wait in RELEASES {
            tokio::time::sleep(wait).await;
            if let Err(error) = release(&ctx, claim).await {
                tracing::debug!(%error, "a claim on the access token will end by its lease");
            }
        }
    });
}

async fn release(ctx: &Context, claim: Uuid) -> Result<(), StoreError> {
    let digest = secret_digest(ctx);
    ctx.db
        .read(async |conn| table::release(conn, slot(ctx, &digest), claim).await)
        .await
}

fn secret_digest(ctx: &Context) -> [u8; 32] {
    Sha256::digest(ctx.dingtalk.app().secret.expose_secret()).into()
}

fn slot<'a>(ctx: &'a Context, secret_digest: &'a [u8]) -> table::Slot<'a> {
    table::Slot {
        root_url: ctx.dingtalk.root(),
        app_key: &ctx.dingtalk.app().key,
        secret_digest,
    }
}

/// Returns the encryption key, derived from the secret key and used for nothing else.
fn cipher(ctx: &Context) -> Option<Aes256Gcm> {
    let mut key = [0_u8; 32];
    let source = Hkdf::<Sha256>::new(None, ctx.config.server.secret_key.expose());
    source.expand(b"dinggate access token", &mut key).ok()?;
    Aes256Gcm::new_from_slice(&key).ok()
}

fn seal(ctx: &Context, token: &SecretString) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE_LEN] = rand::random();
    let payload = Payload {
        msg: token.expose_secret().as_bytes(),
        aad: ctx.dingtalk.app().key.as_bytes(),
    };
    let sealed = cipher(ctx)?.encrypt(&nonce.into(), payload).ok()?;
    Some([&nonce[..], &sealed].concat())
}

fn unseal(ctx: &Context, sealed: &[u8]) -> Option<SecretString> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let payload = Payload {
        msg: sealed,
        aad: ctx.dingtalk.app().key.as_bytes(),
    };
    let token = cipher(ctx)?.decrypt(&(*nonce).into(), payload).ok()?;
    Some(SecretString::from(String::from_utf8(token).ok()?))
}
