//! The session store of actix-session on Postgres. A session is created by the login itself, which alone knows
//! whether the person is employed at that moment; the store takes over the key.

use std::collections::HashMap;
use std::time::Duration as StdDuration;

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use serde_json::Value;

use crate::context::Context;
use crate::domain::rights::Rights;
use crate::service::sessions::key_hash;
use crate::store::{Conn, StoreError, web_session};

/// How long a finished response waits for its session's idle time to be extended.
const TOUCH_TIMEOUT: StdDuration = StdDuration::from_millis(400);

/// Keys in a session's state that come from the table's columns.
pub const USERID: &str = "userid";
pub const SESSION_ID: &str = "sid";
pub const CSRF: &str = "csrf";
pub const NAME: &str = "name";
pub const RIGHTS: &str = "rights";
pub const IS_RECENT: &str = "recent";
/// The key under which the login passes the key of the session it has created.
pub const NEW_KEY: &str = "key";

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
            StoreError::Statement(cause) => tracing::error!(%cause, "sessions: a statement failed"),
            StoreError::Unavailable(cause) => tracing::warn!(
                cause = cause.as_ref().map(ToString::to_string),
                "sessions: Postgres does not answer"
            ),
        })
    }
}

type State = HashMap<String, String>;

/// Returns what pages store in a session, without the values of the columns.
fn own_state(state: &State) -> Value {
    let own = state.iter().filter(|(name, _)| {
        ![USERID, SESSION_ID, CSRF, NAME, RIGHTS, IS_RECENT, NEW_KEY].contains(&name.as_str())
    });
    own.map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn json(text: &str) -> String {
    Value::from(text).to_string()
}

impl SessionStore for PgSessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        if !self.ctx.is_ready() {
            return Err(LoadError::Other(StoreError::Unavailable(None).into()));
        }
        let hash = key_hash(key.as_ref());
        let listed = &self.ctx.config.login.admins;
        let found = self
            .run(async |conn| web_session::find_live(conn, &hash, listed).await)
            .await;
        let Some(live) = found.map_err(|error| LoadError::Other(error.into()))? else {
            return Ok(None);
        };
        let mut state: State = serde_json::from_value(live.state)
            .map_err(|error| LoadError::Deserialization(error.into()))?;
        state.insert(USERID.to_owned(), json(live.userid.as_str()));
        state.insert(SESSION_ID.to_owned(), json(&live.id.to_string()));
        state.insert(CSRF.to_owned(), json(&live.csrf_token));
        state.insert(NAME.to_owned(), json(&live.name));
        if let Some(role) = live.role {
            let rights = serde_json::to_string(&Rights::granted(role, live.departments))
                .map_err(|error| LoadError::Other(error.into()))?;
            state.insert(RIGHTS.to_owned(), rights);
        }
        let is_recent = live.age <= self.ctx.config.login.admin_max_age.as_secs_f64();
        state.insert(IS_RECENT.to_owned(), is_recent.to_string());
        Ok(Some(state))
    }

    async fn save(&self, state: State, _ttl: &Duration) -> Result<SessionKey, SaveError> {
        let key = state
            .get(NEW_KEY)
            .and_then(|key| serde_json::from_str::<String>(key).ok());
        let key = key.ok_or_else(|| SaveError::Other(NoLogin.into()))?;
        SessionKey::try_from(key).map_err(|error| SaveError::Other(anyhow::Error::new(error)))
    }

    /// Leaves a session ended if it has ended in the meantime; its cookie is then worthless.
    async fn update(
        &self,
        key: SessionKey,
        state: State,
        _ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let hash = key_hash(key.as_ref());
        let own = own_state(&state);
        let updated = self
            .run(async |conn| web_session::update_state(conn, &hash, &own).await)
            .await;
        updated.map_err(|error| UpdateError::Other(error.into()))?;
        Ok(key)
    }

    /// The response is ready: it is neither delayed nor discarded because a session's end could not be extended.
    async fn update_ttl(&self, key: &SessionKey, _ttl: &Duration) -> Result<(), anyhow::Error> {
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
