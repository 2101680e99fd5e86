//! Alerts for administrators: shown for a day after the last occurrence, or until dismissed. Alerts that make the
//! directory doubtful are shown until their cause is resolved.

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::StoreError;
use super::record::{known_only, record};
use crate::domain::alert::{AlertKind, DirectoryDoubt};

record! {
    /// An open alert.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Alert from AlertRecord in "alert" by kind {
        /// DingTalk's error code, the number of people withheld by the leaver threshold, or the run.
        pub detail: String,
        pub first_at: DateTime<Utc>,
        pub last_at: DateTime<Utc>,
        pub times: i64,
    }
    closed {
        pub kind: AlertKind,
    }
}

/// Raises an alert, or records that an open one has occurred again.
pub async fn raise(
    conn: &mut Conn,
    kind: impl Into<AlertKind>,
    detail: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO alert (kind, detail) VALUES ($1, $2)
         ON CONFLICT (kind) DO UPDATE SET
             -- One that nobody has seen for a day starts again.
             first_at = CASE WHEN alert.last_at < now() - interval '24 hours' AND NOT starts_with(alert.kind, 'directory:')
                 THEN now() ELSE alert.first_at END,
             times = CASE WHEN alert.last_at < now() - interval '24 hours' AND NOT starts_with(alert.kind, 'directory:')
                 THEN 1 ELSE alert.times + 1 END,
             detail = EXCLUDED.detail, last_at = now()",
        kind.into().to_string(),
        detail,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes an alert; returns whether it was open. It reappears when its cause recurs.
pub async fn dismiss(conn: &mut Conn, kind: impl Into<AlertKind>) -> Result<bool, StoreError> {
    let kind = kind.into().to_string();
    let done = sqlx::query!("DELETE FROM alert WHERE kind = $1", kind)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes an alert, if it is open, that has not been raised since a moment.
pub async fn dismiss_older(
    conn: &mut Conn,
    doubt: DirectoryDoubt,
    before: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM alert WHERE kind = $1 AND last_at < $2",
        doubt.as_str(),
        before
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes an alert if it is open with exactly this detail.
pub async fn dismiss_detail(
    conn: &mut Conn,
    doubt: DirectoryDoubt,
    detail: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM alert WHERE kind = $1 AND detail = $2",
        doubt.as_str(),
        detail
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the alerts of the last 24 hours, and those about the directory, oldest first. One of an unknown kind is
/// logged and skipped: every page of the administration shows the others.
pub async fn current(conn: &mut Conn) -> Result<Vec<Alert>, StoreError> {
    let alerts = sqlx::query_as!(
        AlertRecord,
        "SELECT kind, detail, first_at, last_at, times FROM alert
         WHERE last_at > now() - interval '24 hours' OR starts_with(kind, 'directory:') ORDER BY first_at, kind",
    )
    .fetch_all(conn)
    .await?;
    Ok(known_only(alerts))
}
