//! A login that has begun: its state, good once and for the browser that began it.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::LoginError;
use crate::context::Context;
use crate::domain::return_path::ReturnPath;
use crate::store::{StoreError, login_state};

/// A fresh secret of 256 bits, in characters that need no encoding.
pub fn random_secret() -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Begins a login in the browser that holds `browser_secret`; gives the state to send along.
pub async fn begin(
    ctx: &Context,
    browser_secret: &str,
    return_path: &ReturnPath,
) -> Result<String, StoreError> {
    let state = random_secret();
    let ttl = ctx.config.login.state_ttl;
    ctx.db
        .read(async |conn| {
            login_state::insert(
                conn,
                &digest(&state),
                &digest(browser_secret),
                return_path.as_str(),
                ttl,
            )
            .await
        })
        .await?;
    Ok(state)
}

/// A state that is good for nothing.
pub struct BadState {
    pub error: LoginError,
    /// Where the person wanted to go, if the state is only too old.
    pub back: Option<ReturnPath>,
}

impl From<LoginError> for BadState {
    fn from(error: LoginError) -> Self {
        Self { error, back: None }
    }
}

/// Uses a state up, whatever comes of the login; gives where the person wanted to go.
pub async fn use_state(
    ctx: &Context,
    state: Option<&str>,
    browser_secret: Option<&str>,
) -> Result<ReturnPath, BadState> {
    let state = state
        .filter(|state| !state.is_empty())
        .ok_or(LoginError::InvalidState)?;
    let taken = ctx
        .db
        .read(async |conn| login_state::take(conn, &digest(state)).await);
    let taken = taken.await.map_err(LoginError::Store)?;
    let begun = taken.ok_or(LoginError::InvalidState)?;
    let is_same_browser =
        browser_secret.is_some_and(|secret| bool::from(digest(secret).ct_eq(&begun.browser_hash)));
    if !is_same_browser {
        return Err(LoginError::InvalidState.into());
    }
    let back = ReturnPath::parse(Some(&begun.return_path));
    if begun.is_expired {
        return Err(BadState {
            error: LoginError::InvalidState,
            back: Some(back),
        });
    }
    Ok(back)
}
