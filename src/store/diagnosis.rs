//! Reads for `dinggate doctor`: the server itself, and how recent the tables are.

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::types::Json;

use super::db::is_tls_error;
use super::record::record;
use super::sync_list::stored_problem;
use super::{Conn, Pooler, StoreError};
use crate::domain::sync::SyncState;
use crate::domain::sync_problem::{SyncProblem, SyncProblemCode, SyncProblemParams};

/// Why no connection could be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectError {
    /// No answer, with the system's message.
    Network(String),
    Tls(String),
    /// Postgres refuses, with its SQLSTATE and message.
    Refused {
        code: String,
        message: String,
    },
    Other,
}

/// Opens a separate connection, so that the reason of a failure is known.
pub async fn connect(options: &PgConnectOptions, pooler: Pooler) -> Result<Conn, ConnectError> {
    options
        .connect()
        .await
        .map(|conn| Conn::single_by(conn, pooler))
        .map_err(|error| match error {
            sqlx::Error::Io(error) if is_tls_error(&error) => ConnectError::Tls(error.to_string()),
            sqlx::Error::Io(error) => ConnectError::Network(error.to_string()),
            sqlx::Error::Tls(error) => ConnectError::Tls(error.to_string()),
            sqlx::Error::Database(error) => ConnectError::Refused {
                code: error.code().unwrap_or_default().into_owned(),
                message: error.message().to_owned(),
            },
            _ => ConnectError::Other,
        })
}

/// The version and settings that a server reports.
pub struct Server {
    /// 170002 for 17.2.
    pub version_number: i32,
    pub version: String,
    /// In Unix milliseconds.
    pub now_ms: i64,
    /// The encoding of stored text.
    pub encoding: String,
    /// The settings that decide what a crash may lose: `off` if it may lose something.
    pub synchronous_commit: String,
    pub fsync: String,
    pub full_page_writes: String,
}

/// Reads the version and settings of a server.
pub async fn server(conn: &mut Conn) -> Result<Server, StoreError> {
    let server = sqlx::query_as!(
        Server,
        r#"SELECT current_setting('server_version_num')::integer AS "version_number!",
             current_setting('server_version') AS "version!",
             (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS "now_ms!",
             current_setting('server_encoding') AS "encoding!",
             current_setting('synchronous_commit') AS "synchronous_commit!",
             current_setting('fsync') AS "fsync!",
             current_setting('full_page_writes') AS "full_page_writes!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(server)
}

/// The state of the inbox. Ages are in seconds.
pub struct Inbox {
    /// Since the last event arrived; `None` if none ever did.
    pub last_age: Option<f64>,
    pub waiting: i64,
    /// Of the event that has waited longest.
    pub waiting_age: Option<f64>,
    pub failed: i64,
    pub parked: i64,
}

/// Reads the state of the inbox.
pub async fn inbox(conn: &mut Conn) -> Result<Inbox, StoreError> {
    let inbox = sqlx::query_as!(
        Inbox,
        r#"SELECT (SELECT extract(epoch FROM now() - max(received_at))::double precision FROM event) AS last_age,
             (SELECT count(*) FROM event WHERE state = 'waiting') AS "waiting!",
             (SELECT extract(epoch FROM now() - min(received_at))::double precision FROM event
              WHERE state = 'waiting') AS waiting_age,
             (SELECT count(*) FROM event WHERE state = 'failed') AS "failed!",
             (SELECT count(*) FROM event WHERE state = 'parked') AS "parked!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(inbox)
}

record! {
    /// How the last full sync ended. Ages are in seconds.
    pub struct LastSync from LastSyncRecord in "sync_run" by id {
        pub age: f64,
        pub withheld: i32,
        pub error: Option<String>,
        pub error_params: Json<SyncProblemParams>,
        /// Since the last run that read and applied everything.
        pub done_age: Option<f64>,
    }
    identity {
        id: i64,
    }
    closed {
        /// [`SyncState::Failed`] if its instance has disappeared.
        pub state: SyncState,
    }
    optional {
        pub error_code: SyncProblemCode,
    }
}

impl LastSync {
    /// Returns why the run is not done.
    pub fn problem(&self) -> Option<SyncProblem> {
        stored_problem(self.error_code, &self.error_params, self.error.as_deref())
    }
}

/// Returns the last full sync that has ended, except dry runs and runs that only apply a decision.
pub async fn last_sync(conn: &mut Conn) -> Result<Option<LastSync>, StoreError> {
    let last = sqlx::query_as!(
        LastSyncRecord,
        r#"SELECT id, CASE state WHEN 'running' THEN 'failed' ELSE state END AS "state!",
             extract(epoch FROM now() - coalesce(finished_at, lease_until))::double precision AS "age!",
             withheld, error, CASE state WHEN 'running' THEN 'interrupted' ELSE error_code END AS error_code,
             error_params AS "error_params: Json<SyncProblemParams>",
             (SELECT extract(epoch FROM now() - max(finished_at))::double precision FROM sync_run
              WHERE state = 'done' AND cause <> 'approval') AS done_age
         FROM sync_run WHERE cause <> 'approval' AND NOT is_dry_run AND (state <> 'running' OR lease_until < now())
         ORDER BY id DESC LIMIT 1"#
    )
    .fetch_optional(conn)
    .await?;
    last.map(TryInto::try_into).transpose()
}

/// Returns whether a stored session was started by scanning the QR code.
pub async fn has_scanned(conn: &mut Conn) -> Result<bool, StoreError> {
    let has = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM web_session WHERE method = 'qr') AS "has!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(has)
}
