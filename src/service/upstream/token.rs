//! One access token for all instances: kept sealed in Postgres, renewed by one of them ahead of its
//! end, dropped when DingTalk rejects it.

use std::time::{Duration, Instant};

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{Priority, Repeat, UpstreamError, attempts, pace};
use crate::context::{CachedToken, Context};
use crate::dingtalk::token::Token;
use crate::store::{StoreError, token as table};

pub(super) const API: &str = "gettoken";
/// How long this process believes its copy without a look into the table.
const COPY_LIFE: Duration = Duration::from_secs(30);
const NONCE_LEN: usize = 12;

/// Gives a token that should still be good, fetching one where there is none.
pub(super) async fn current(ctx: &Context) -> Result<CachedToken, UpstreamError> {
    // One look at a time: whoever waits here finds what the one before has fetched.
    let mut copy = ctx.token.lock().await;
    if let Some(token) = copy
        .as_ref()
        .filter(|token| token.fresh_until > Instant::now())
    {
        return Ok(token.clone());
    }
    let token = loop {
        if let Some(kept) = find(ctx).await? {
            break kept;
        }
        if claim(ctx).await? {
            // Somebody may have fetched one, and ended the claim, since the look above.
            if let Some(kept) = find(ctx).await? {
                release(ctx).await?;
                break kept;
            }
            fetch_to_the_end(ctx).await?;
        } else {
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    };
    *copy = Some(token.clone());
    Ok(token)
}

/// Drops a token that DingTalk has rejected, unless somebody has already replaced it.
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
    // A token sealed under another secret key is as good as none.
    let Some((value, kept)) = kept.and_then(|kept| Some((unseal(ctx, &kept.sealed)?, kept))) else {
        return Ok(None);
    };
    let mut life = COPY_LIFE.min(Duration::from_secs_f64(kept.seconds_left.max(0.0)));
    if kept.seconds_to_renewal <= 0.0 {
        life = life.min(Duration::from_secs(2));
        if claim(ctx).await? {
            renew_aside(ctx);
        }
    }
    Ok(Some(CachedToken {
        value,
        version: kept.version,
        fresh_until: Instant::now() + life,
    }))
}

/// Fetches on a task of its own: a login that is cut off must not leave the claim behind.
async fn fetch_to_the_end(ctx: &Context) -> Result<(), UpstreamError> {
    let ctx = ctx.clone();
    let fetched = tokio::spawn(async move { fetch(&ctx).await }).await;
    fetched.unwrap_or(Err(UpstreamError::Store(StoreError::Unavailable(None))))
}

/// Renews the token while the old one is still in use.
fn renew_aside(ctx: &Context) {
    let ctx = ctx.clone();
    tokio::spawn(async move {
        if let Err(error) = fetch(&ctx).await {
            tracing::warn!(%error, "the access token could not be renewed ahead of its end");
        }
    });
}

/// Fetches and keeps a token; the caller holds the claim, which ends with this.
async fn fetch(ctx: &Context) -> Result<(), UpstreamError> {
    let digest = secret_digest(ctx);
    let fetched = attempts(ctx, Priority::Login, API, Repeat::Allowed, || {
        Box::pin(ask(ctx))
    })
    .await;
    let stored = ctx
        .db
        .read(async |conn| match &fetched {
            Ok(token) => {
                let sealed = seal(ctx, &token.value).ok_or(StoreError::Unavailable(None))?;
                table::keep(
                    conn,
                    slot(ctx, &digest),
                    &sealed,
                    token.lifetime.as_secs_f64(),
                )
                .await
            }
            Err(_) => table::release(conn, slot(ctx, &digest), ctx.instance).await,
        })
        .await;
    fetched?;
    Ok(stored?)
}

pub(super) async fn ask(ctx: &Context) -> Result<Token, UpstreamError> {
    let turn = pace::turn(ctx, API, Priority::Login).await?;
    let token = ctx.dingtalk.get_token().await;
    drop(turn);
    Ok(token?)
}

async fn claim(ctx: &Context) -> Result<bool, StoreError> {
    let digest = secret_digest(ctx);
    ctx.db
        .read(async |conn| table::claim(conn, slot(ctx, &digest), ctx.instance).await)
        .await
}

async fn release(ctx: &Context) -> Result<(), StoreError> {
    let digest = secret_digest(ctx);
    ctx.db
        .read(async |conn| table::release(conn, slot(ctx, &digest), ctx.instance).await)
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

/// The sealing key, derived from the secret key and used for nothing else.
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
