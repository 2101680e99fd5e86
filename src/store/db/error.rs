//! Why the database could not do what was asked.

/// A failure of the database, sorted by whether another try may succeed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Postgres does not answer, or not in time: try again later.
    #[error("Postgres does not answer")]
    Unavailable(#[source] Option<sqlx::Error>),
    /// Anything else, which is a fault of ours.
    #[error("a statement failed")]
    Statement(#[source] sqlx::Error),
    /// A statement of the transaction failed and the work did not report it: nothing was committed.
    #[error("the transaction was aborted by an earlier statement")]
    Aborted,
}

impl StoreError {
    /// Whether a unique index of this name was violated.
    pub fn violates(&self, index: &str) -> bool {
        matches!(self, Self::Statement(sqlx::Error::Database(e)) if e.constraint() == Some(index))
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

/// Whether another try may work. Classes 08 (connection), 28 (access refused), 3D (no such database), 40
/// (deadlock, serialisation), 53 (resources), 57 (operator intervention, time limits); 55000 (the database takes
/// no connections), 55P03 (lock timeout), 25P03 (idle in transaction), 25006 (read-only).
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
            // The caller reports only that Postgres does not answer.
            tracing::debug!(
                cause = cause.as_ref().map(ToString::to_string),
                "Postgres does not answer"
            );
        }
        error
    }
}
