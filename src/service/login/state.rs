//! A started login: its state, valid once and for the browser that started it.

use sha2::{Digest, Sha256};

use super::LoginError;
use crate::context::Context;
use crate::domain::return_path::ReturnPath;
use crate::service::secret::random_secret;
use crate::store::login_state::{StartedLogin, StateMatch};
use crate::store::{StoreError, login_state};

/// Returns the hash under which a secret is stored.
pub(super) fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Starts a login in the browser that holds `browser_secret`; returns the state to send along.
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

/// What is wrong with a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidState {
    #[error("missing")]
    Missing,
    /// Used states are not kept.
    #[error("unknown, or used before")]
    Unknown,
    #[error("expired")]
    Expired,
    #[error("of another browser")]
    OtherBrowser,
}

/// The error of a state that cannot be used.
pub(super) struct StateError {
    pub error: LoginError,
    /// The path that the person wanted, if the state has merely expired.
    pub back: Option<ReturnPath>,
}

impl From<LoginError> for StateError {
    fn from(error: LoginError) -> Self {
        Self { error, back: None }
    }
}

impl From<InvalidState> for StateError {
    fn from(fault: InvalidState) -> Self {
        LoginError::InvalidState(fault).into()
    }
}

impl From<StoreError> for StateError {
    fn from(error: StoreError) -> Self {
        LoginError::from(error).into()
    }
}

/// A state that was valid when checked. It has yet to be consumed.
pub(super) struct CheckedState {
    state_hash: [u8; 32],
    browser_hash: [u8; 32],
    pub return_path: ReturnPath,
}

/// Checks a state without consuming it. One of another browser stays valid for that browser.
pub(super) async fn check(
    ctx: &Context,
    state: Option<&str>,
    browser_secret: Option<&str>,
) -> Result<CheckedState, StateError> {
    let state = state
        .filter(|state| !state.is_empty())
        .ok_or(InvalidState::Missing)?;
    let state_hash = digest(state);
    // Looked up even without our cookie: the log may learn whether the state exists, such a client must not.
    let browser_hash = browser_secret.map(digest).unwrap_or_default();
    let found = ctx
        .db
        .read(async |conn| login_state::find(conn, &state_hash, &browser_hash).await)
        .await?;
    match found {
        StateMatch::Unknown => Err(InvalidState::Unknown.into()),
        StateMatch::OtherBrowser => Err(InvalidState::OtherBrowser.into()),
        StateMatch::Found(begun) => Ok(CheckedState {
            state_hash,
            browser_hash,
            return_path: unexpired(&begun)?,
        }),
    }
}

impl CheckedState {
    /// Consumes the state, whatever the outcome of the login.
    pub async fn take(&self, ctx: &Context) -> Result<(), StateError> {
        let login = ctx
            .db
            .read(async |conn| login_state::take(conn, &self.state_hash, &self.browser_hash).await)
            .await?;
        // Another tab may have been faster.
        let begun = login.ok_or(InvalidState::Unknown)?;
        unexpired(&begun)?;
        Ok(())
    }
}

fn unexpired(begun: &StartedLogin) -> Result<ReturnPath, StateError> {
    let back = ReturnPath::parse(Some(&begun.return_path));
    if begun.is_expired {
        return Err(StateError {
            error: LoginError::InvalidState(InvalidState::Expired),
            back: Some(back),
        });
    }
    Ok(back)
}
