//! One access token for all instances: stored encrypted in Postgres, renewed by one of them before it expires,
//! dropped when DingTalk rejects it.

use std::time::{Duration, Instant};

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use dingtalk::token::Token;

use super::{DingTalk, Idempotency, Priority, UpstreamError, call_with_retries, rate_limiter};
use crate::store::{StoreError, token as table};

pub(super) const API: &str = "gettoken";
/// How long this process uses its copy without checking the table.
const COPY_LIFE: Duration = Duration::from_secs(30);
const NONCE_LEN: usize = 12;

/// The key that encrypts the stored token, derived from the service's secret key and used for nothing else.
pub struct TokenKey(SecretBox<[u8; 32]>);

impl TokenKey {
    /// Derives the key.
    pub fn derive(secret_key: &[u8]) -> Self {
        let mut key = [0_u8; 32];
        // HKDF fails only for an output of more than 255 hashes.
        let _infallible =
            Hkdf::<Sha256>::new(None, secret_key).expand(b"dinggate access token", &mut key);
        Self(SecretBox::new(Box::new(key)))
    }

    fn cipher(&self) -> Option<Aes256Gcm> {
        Aes256Gcm::new_from_slice(self.0.expose_secret()).ok()
    }
}

/// An access token in memory.
#[derive(Clone)]
pub(super) struct CachedToken {
    pub value: SecretString,
    /// The version of the token in the table.
    pub version: i64,
    /// When to read the table again.
    pub fresh_until: Instant,
}

/// Returns a token that should still be valid, fetching one if there is none.
pub(super) async fn current(dingtalk: &DingTalk) -> Result<CachedToken, UpstreamError> {
    // One lookup at a time: those who wait here find the token that the previous one has fetched.
    let mut copy = dingtalk.0.token.lock().await;
    if let Some(token) = copy
        .as_ref()
        .filter(|token| token.fresh_until > Instant::now())
    {
        return Ok(token.clone());
    }
    let token = obtain_detached(dingtalk).await?;
    *copy = Some(token.clone());
    Ok(token)
}

/// Obtains a token in a separate task: a cancelled login must not leave a claim behind.
async fn obtain_detached(dingtalk: &DingTalk) -> Result<CachedToken, UpstreamError> {
    let dingtalk = dingtalk.clone();
    let obtained = tokio::spawn(async move { obtain(&dingtalk).await }).await;
    obtained.unwrap_or(Err(UpstreamError::Store(StoreError::Unavailable(None))))
}

async fn obtain(dingtalk: &DingTalk) -> Result<CachedToken, UpstreamError> {
    loop {
        if let Some(kept) = find(dingtalk).await? {
            return Ok(kept);
        }
        let Some(claim) = claim(dingtalk).await? else {
            tokio::time::sleep(Duration::from_millis(60)).await;
            continue;
        };
        // Another caller may have fetched one, and released the claim, since the check above.
        match find(dingtalk).await {
            // Whatever its lifetime, the token is valid for the caller that has just fetched it.
            Ok(None) => return fetch(dingtalk, claim).await,
            found => {
                release(dingtalk, claim).await?;
                if let Some(kept) = found? {
                    return Ok(kept);
                }
            }
        }
    }
}

/// Drops a token that DingTalk has rejected, unless it has already been replaced.
pub(super) async fn reject(dingtalk: &DingTalk, rejected: &CachedToken) -> Result<(), StoreError> {
    let mut copy = dingtalk.0.token.lock().await;
    if copy
        .as_ref()
        .is_some_and(|token| token.version == rejected.version)
    {
        *copy = None;
    }
    let digest = secret_digest(dingtalk);
    dingtalk
        .0
        .db
        .read(async |conn| {
            table::drop_rejected(conn, slot(dingtalk, &digest), rejected.version).await
        })
        .await
}

async fn find(dingtalk: &DingTalk) -> Result<Option<CachedToken>, StoreError> {
    let digest = secret_digest(dingtalk);
    let kept = dingtalk
        .0
        .db
        .read(async |conn| table::find(conn, slot(dingtalk, &digest)).await)
        .await?;
    // A token encrypted under another secret key is useless.
    let Some((value, kept)) = kept.and_then(|kept| Some((unseal(dingtalk, &kept.sealed)?, kept)))
    else {
        return Ok(None);
    };
    let mut life = copy_life(kept.seconds_left);
    if kept.seconds_to_renewal <= 0.0 {
        life = life.min(Duration::from_secs(2));
        if let Some(claim) = claim(dingtalk).await? {
            renew_in_background(dingtalk, claim);
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
fn renew_in_background(dingtalk: &DingTalk, claim: Uuid) {
    let dingtalk = dingtalk.clone();
    tokio::spawn(async move {
        if let Err(error) = fetch(&dingtalk, claim).await {
            tracing::warn!(%error, "could not renew the access token before its expiry");
        }
    });
}

/// Fetches and stores a token; the caller holds the claim, which is released by this.
async fn fetch(dingtalk: &DingTalk, claim: Uuid) -> Result<CachedToken, UpstreamError> {
    let digest = secret_digest(dingtalk);
    let fetched = call_with_retries(
        dingtalk,
        Priority::Login,
        API,
        Idempotency::Idempotent,
        || Box::pin(request(dingtalk)),
    )
    .await;
    let stored = dingtalk
        .0
        .db
        .read(async |conn| {
            let Ok(token) = &fetched else {
                table::release(conn, slot(dingtalk, &digest), claim).await?;
                return Ok(0);
            };
            let sealed = seal(dingtalk, &token.value).ok_or(StoreError::Unavailable(None))?;
            let lifetime = token.lifetime.as_secs_f64();
            table::keep(conn, slot(dingtalk, &digest), &sealed, lifetime).await
        })
        .await;
    let token = fetched?;
    Ok(CachedToken {
        value: token.value,
        version: stored?,
        fresh_until: Instant::now() + copy_life(token.lifetime.as_secs_f64()),
    })
}

pub(super) async fn request(dingtalk: &DingTalk) -> Result<Token, UpstreamError> {
    let permit = rate_limiter::acquire(dingtalk, API, Priority::Login).await?;
    let token = dingtalk.0.client.get_token().await;
    drop(permit);
    Ok(token?)
}

/// Claims the right to fetch a token; returns the claim, or `None` while another caller holds it.
async fn claim(dingtalk: &DingTalk) -> Result<Option<Uuid>, StoreError> {
    let (digest, claim) = (secret_digest(dingtalk), Uuid::new_v4());
    let claimed = dingtalk
        .0
        .db
        .read(async |conn| table::claim(conn, slot(dingtalk, &digest), claim).await)
        .await;
    if claimed.is_err() {
        release_later(dingtalk, claim);
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
fn release_later(dingtalk: &DingTalk, claim: Uuid) {
    let dingtalk = dingtalk.clone();
    tokio::spawn(async move {
        for wait in RELEASES {
            tokio::time::sleep(wait).await;
            if let Err(error) = release(&dingtalk, claim).await {
                tracing::debug!(%error, "a claim on the access token will end by its lease");
            }
        }
    });
}

async fn release(dingtalk: &DingTalk, claim: Uuid) -> Result<(), StoreError> {
    let digest = secret_digest(dingtalk);
    dingtalk
        .0
        .db
        .read(async |conn| table::release(conn, slot(dingtalk, &digest), claim).await)
        .await
}

fn secret_digest(dingtalk: &DingTalk) -> [u8; 32] {
    Sha256::digest(dingtalk.0.client.app().secret.expose_secret()).into()
}

fn slot<'a>(dingtalk: &'a DingTalk, secret_digest: &'a [u8]) -> table::Slot<'a> {
    table::Slot {
        root_url: dingtalk.0.client.root(),
        app_key: &dingtalk.0.client.app().key,
        secret_digest,
    }
}

fn seal(dingtalk: &DingTalk, token: &SecretString) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE_LEN] = rand::random();
    let payload = Payload {
        msg: token.expose_secret().as_bytes(),
        aad: dingtalk.0.client.app().key.as_bytes(),
    };
    let sealed = dingtalk
        .0
        .token_key
        .cipher()?
        .encrypt(&nonce.into(), payload)
        .ok()?;
    Some([&nonce[..], &sealed].concat())
}

fn unseal(dingtalk: &DingTalk, sealed: &[u8]) -> Option<SecretString> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let payload = Payload {
        msg: sealed,
        aad: dingtalk.0.client.app().key.as_bytes(),
    };
    let token = dingtalk
        .0
        .token_key
        .cipher()?
        .decrypt(&(*nonce).into(), payload)
        .ok()?;
    Some(SecretString::from(String::from_utf8(token).ok()?))
}
