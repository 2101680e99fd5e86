//! The session store of actix-session on Postgres. A session is created by the login itself, which alone knows
//! whether the person is employed at that moment; the store takes over the key.

use std::collections::HashMap;
use std::time::Duration as StdDuration;

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use serde::Deserialize as _;

use super::session_exchange;
use crate::context::Context;
use crate::service::sessions::key_hash;
use crate::store::{Conn, StoreError, web_session};

/// How long a finished response waits for its session's idle time to be extended.
const TOUCH_TIMEOUT: StdDuration = StdDuration::from_millis(400);

/// Sessions in Postgres.
#[derive(Clone)]
pub struct PgSessions {
    ctx: Context,
}

impl PgSessions {
    pub fn new(ctx: Context) -> Self {
        Self { ctx }
    }

    async fn run<T>(
        &self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, StoreError> + Clone,
    ) -> Result<T, StoreError> {
        let done = self.ctx.db.read(work);
        // The page only says that the service is unavailable.
        done.await.inspect_err(|error| match error {
            StoreError::Aborted => tracing::error!("sessions: a transaction was aborted"),
            StoreError::RowMissing { .. } | StoreError::NotLocked(_) => {
                tracing::error!(%error, "sessions: a write failed");
            }
            StoreError::Statement(cause) => tracing::error!(%cause, "sessions: a statement failed"),
            StoreError::UnknownValue(cause) => tracing::error!(%cause, "sessions: unknown value"),
            StoreError::Unavailable(cause) => tracing::warn!(
                cause = cause.as_ref().map(ToString::to_string),
                "sessions: Postgres does not answer"
            ),
        })
    }
}

type State = HashMap<String, String>;

impl SessionStore for PgSessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        if !self.ctx.is_ready() {
            return Err(LoadError::Other(StoreError::Unavailable(None).into()));
        }
        let hash = key_hash(key.as_ref());
        let login = &self.ctx.config.login;
        let found = self
            .run(async |conn| {
                web_session::find_live(
                    conn,
                    &hash,
                    &login.admins,
                    login.session_idle,
                    login.admin_max_age,
                )
                .await
            })
            .await;
        let Some(live) = found.map_err(|error| LoadError::Other(error.into()))? else {
            return Ok(None);
        };
        let state = State::deserialize(&live.state)
            .map_err(|error| LoadError::Deserialization(error.into()))?;
        session_exchange::set_live(live);
        Ok(Some(state))
    }

    /// Returns the key of the session that the login has created; the state of a new session is empty.
    async fn save(&self, _state: State, _ttl: &Duration) -> Result<SessionKey, SaveError> {
        session_exchange::take_new_key().ok_or_else(|| SaveError::Other(NoLogin.into()))
    }

    /// Leaves a session ended if it has ended in the meantime; its cookie is then worthless.
    async fn update(
        &self,
        key: SessionKey,
        state: State,
        _ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let hash = key_hash(key.as_ref());
        let own = serde_json::to_value(&state)
            .map_err(|error| UpdateError::Serialization(error.into()))?;
        let updated = self
            .run(async |conn| web_session::update_state(conn, &hash, &own).await)
            .await;
        updated.map_err(|error| UpdateError::Other(error.into()))?;
        Ok(key)
    }

    /// The response is ready: it is neither delayed nor discarded because a session's end could not be extended.
    async fn update_ttl(&self, key: &SessionKey, _ttl: &Duration) -> Result<(), anyhow::Error> {
        if session_exchange::live().is_none_or(|live| !live.is_touch_due) {
            return Ok(());
        }
        let hash = key_hash(key.as_ref());
        let idle = self.ctx.config.login.session_idle;
        let touched = self.ctx.db.read_within(TOUCH_TIMEOUT, async |conn| {
            web_session::touch(conn, &hash, idle).await
        });
        match touched.await {
            Err(error @ StoreError::Unavailable(_)) => {
                tracing::debug!(%error, "the end of a session was not moved");
                Ok(())
            }
            touched => Ok(touched?),
        }
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let hash = key_hash(key.as_ref());
        Ok(self
            .run(async |conn| web_session::end_by_key(conn, &hash).await)
            .await?)
    }
}

/// A value was to be stored in a session that no login has created.
#[derive(Debug, thiserror::Error)]
#[error("only a login begins a session")]
pub struct NoLogin;
