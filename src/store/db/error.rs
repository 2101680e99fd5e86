//! Database errors.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A database error, classified by whether a retry may succeed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Postgres does not answer, does not answer in time, or refuses the connection: retry later.
    #[error("{}", unavailable(.0.as_ref()))]
    Unavailable(#[source] Option<sqlx::Error>),
    /// Any other error, which is a fault in Dinggate.
    #[error("{}", failed(.0))]
    Statement(#[source] sqlx::Error),
    /// A statement of the transaction failed and the work did not report it: nothing was committed.
    #[error("the transaction was aborted by an earlier statement")]
    Aborted,
    /// A column holds a value that none of our enums knows.
    #[error(transparent)]
    UnknownValue(UnknownValue),
    /// A write that must change this row found none: nothing is committed.
    #[error("the table {table} has no row {id} to write")]
    RowMissing { table: &'static str, id: String },
    /// The transaction writes about a person it has not locked: nothing is committed.
    #[error("the person {0} is not locked")]
    NotLocked(String),
}

/// A row that cannot be, because a column holds a value that no enum knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{table}.{column} holds the unknown value {value:?} in the row {id}")]
pub struct UnknownValue {
    pub table: &'static str,
    pub column: &'static str,
    /// The row's primary key.
    pub id: String,
    pub value: String,
}

impl StoreError {
    /// Returns whether the unique index with this name was violated.
    pub fn violates(&self, index: &str) -> bool {
        matches!(self, Self::Statement(sqlx::Error::Database(e)) if e.constraint() == Some(index))
    }

    /// Turns the violation of an index into an error that asks for another attempt, which checks again first.
    #[must_use]
    pub fn retry_if_violates(self, index: &str) -> Self {
        if self.violates(index) {
            Self::Unavailable(None)
        } else {
            self
        }
    }

    /// Returns whether the cause is what the work did or what it waited for, so that other work may succeed now.
    pub fn is_caused_by_statement(&self) -> bool {
        match self {
            Self::Unavailable(Some(sqlx::Error::Database(error))) => {
                let code = error.code().unwrap_or_default();
                // A lock that was not free in time, a deadlock.
                code == "55P03" || code.starts_with("40")
            }
            Self::Unavailable(_) => false,
            _ => true,
        }
    }

    /// Fails unless a write has changed exactly the expected number of rows; `id` names them.
    pub(in crate::store) fn unless_written(
        written: u64,
        expected: usize,
        table: &'static str,
        id: impl FnOnce() -> String,
    ) -> Result<(), Self> {
        if usize::try_from(written) == Ok(expected) {
            Ok(())
        } else {
            Err(Self::RowMissing { table, id: id() })
        }
    }

    fn classify(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::Io(_)
            | E::Tls(_)
            | E::PoolTimedOut
            | E::PoolClosed
            | E::WorkerCrashed
            | E::Protocol(_) => Self::Unavailable(Some(error)),
            E::Database(e) if e.code().is_some_and(|code| is_transient(&code)) => {
                Self::Unavailable(Some(error))
            }
            _ => Self::Statement(error),
        }
    }
}

/// Returns why Postgres is unavailable; the error's source has the details.
fn unavailable(cause: Option<&sqlx::Error>) -> String {
    let text = match cause {
        Some(sqlx::Error::Io(error)) if is_certificate_fault(error) => {
            "the certificate of Postgres is not accepted (sslmode and sslrootcert in DATABASE_URL)"
        }
        Some(sqlx::Error::Io(error)) if is_tls_error(error) => "there is no TLS with Postgres",
        Some(sqlx::Error::Tls(_)) => "there is no TLS with Postgres",
        Some(sqlx::Error::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            "a file or socket that DATABASE_URL names is not there"
        }
        Some(sqlx::Error::Database(error)) => match error.code() {
            Some(code) if is_refusal(&code) => return format!("Postgres refuses us ({code})"),
            _ => "Postgres does not answer",
        },
        _ => "Postgres does not answer",
    };
    text.to_owned()
}

fn failed(cause: &sqlx::Error) -> &'static str {
    match cause {
        sqlx::Error::Configuration(_) => "DATABASE_URL cannot be used",
        _ => "a statement failed",
    }
}

/// Returns whether the error comes from the TLS library, for the certificate or anything else.
pub fn is_tls_error(error: &io::Error) -> bool {
    tls_error(error).is_some()
}

fn is_certificate_fault(error: &io::Error) -> bool {
    matches!(tls_error(error), Some(rustls::Error::InvalidCertificate(_)))
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Minimum interval between log messages about why there are no connections.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// Logs why there is no connection, at most once a minute, if the reason is known: the pages only say that the
/// service is not available.
pub(super) fn log_refusal(error: &sqlx::Error) {
    static LAST_LOGGED: Mutex<Option<Instant>> = Mutex::new(None);
    let is_said = match error {
        sqlx::Error::Tls(_) | sqlx::Error::Configuration(_) => true,
        sqlx::Error::Io(error) => is_tls_error(error) || error.kind() == io::ErrorKind::NotFound,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_refusal(&code)),
        _ => false,
    };
    if !is_said {
        return;
    }
    let mut logged_at = LAST_LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
    if logged_at.is_none_or(|at| at.elapsed() >= LOG_INTERVAL) {
        *logged_at = Some(Instant::now());
        tracing::warn!(cause = %error, "cannot connect to Postgres");
    }
}

/// Returns whether the server refuses our connections: access (28), no such database (3D), database accepts no
/// connections (55000), no privilege (42501), too many connections (53300), starting or stopping (57P).
fn is_refusal(code: &str) -> bool {
    ["28", "3D", "55000", "42501", "53300", "57P"]
        .iter()
        .any(|prefix| code.starts_with(prefix))
}

/// Returns whether a retry may succeed. Classes 08 (connection), 28 (access refused), 3D (no such database), 40
/// (deadlock, serialization), 53 (resources), 57 (operator intervention, time limits); 55000 (database accepts no
/// connections), 55P03 (lock timeout), 25P03 (idle in transaction), 25006 (read-only).
fn is_transient(code: &str) -> bool {
    let prefixes = [
        "08", "28", "3D", "40", "53", "57", "55000", "55P03", "25P03", "25006",
    ];
    prefixes.iter().any(|prefix| code.starts_with(prefix))
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let error = Self::classify(error);
        if let Self::Unavailable(cause) = &error {
            // The caller only reports that Postgres does not answer.
            tracing::debug!(
                cause = cause.as_ref().map(ToString::to_string),
                "database unavailable"
            );
        }
        error
    }
}
