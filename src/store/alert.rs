//! Alerts for administrators: shown for a day after the last occurrence, or until dismissed. Alerts that make the
//! directory doubtful are shown until their cause is resolved.

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::StoreError;

/// An open alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// `misconfigured:<api>`, `unknown_people_brake`, or `directory:` and what makes it doubtful.
    pub kind: String,
    /// DingTalk's error code, the number of people withheld by the leaver threshold, or the run.
    pub detail: String,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub times: i64,
}

/// Returns whether alerts of this kind make the directory doubtful.
pub fn is_of_directory(kind: &str) -> bool {
    kind.starts_with("directory:")
}

/// Raises an alert, or records that an open one has occurred again.
pub async fn raise(conn: &mut Conn, kind: &str, detail: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO alert (kind, detail) VALUES ($1, $2)
         ON CONFLICT (kind) DO UPDATE SET
             -- One that nobody has seen for a day starts anew.
             first_at = CASE WHEN alert.last_at < now() - interval '24 hours' AND NOT starts_with(alert.kind, 'directory:')
                 THEN now() ELSE alert.first_at END,
             times = CASE WHEN alert.last_at < now() - interval '24 hours' AND NOT starts_with(alert.kind, 'directory:')
                 THEN 1 ELSE alert.times + 1 END,
             detail = EXCLUDED.detail, last_at = now()",
        kind,
        detail,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes an alert; returns whether it was open. It reappears when its cause recurs.
pub async fn dismiss(conn: &mut Conn, kind: &str) -> Result<bool, StoreError> {
    let done = sqlx::query!("DELETE FROM alert WHERE kind = $1", kind)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes an alert that has not been raised since a moment.
pub async fn dismiss_older(
    conn: &mut Conn,
    kind: &str,
    before: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM alert WHERE kind = $1 AND last_at < $2",
        kind,
        before
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes an alert if it has exactly this detail.
pub async fn dismiss_detail(conn: &mut Conn, kind: &str, detail: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM alert WHERE kind = $1 AND detail = $2",
        kind,
        detail
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the alerts of the last 24 hours, and those about the directory, oldest first.
pub async fn current(conn: &mut Conn) -> Result<Vec<Alert>, StoreError> {
    let alerts = sqlx::query_as!(
        Alert,
        "SELECT kind, detail, first_at, last_at, times FROM alert
         WHERE last_at > now() - interval '24 hours' OR starts_with(kind, 'directory:') ORDER BY first_at, kind",
    )
    .fetch_all(conn)
    .await?;
    Ok(alerts)
}
