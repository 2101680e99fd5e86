//! What has changed about a person, field by field. Triggers keep it, so that the writes of every version count.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::sync_list::FieldChange;
use super::{Conn, StoreError};

/// What one transaction changed about a person.
#[derive(Debug, Clone)]
pub struct StaffHistory {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub differences: Vec<FieldChange>,
}

/// Finds changes by id.
pub async fn rows(conn: &mut Conn, ids: &[i64]) -> Result<Vec<StaffHistory>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT h.id, h.at, coalesce((
               SELECT jsonb_agg(jsonb_build_object('field', b.key, 'old', coalesce(b.value, ''),
                   'new', coalesce(h.after ->> b.key, '')) ORDER BY b.key)
               FROM jsonb_each_text(h.before) AS b WHERE b.value IS DISTINCT FROM h.after ->> b.key
             ), '[]') AS "differences!: Json<Vec<FieldChange>>"
         FROM staff_history h WHERE h.id = ANY ($1)"#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    let history = rows.into_iter().map(|row| StaffHistory {
        id: row.id,
        at: row.at,
        differences: row.differences.0,
    });
    Ok(history.collect())
}

/// Deletes the changes that are older than the retention period; returns how many.
pub async fn sweep(conn: &mut Conn, retention: Duration) -> Result<u64, StoreError> {
    let swept = sqlx::query!(
        "DELETE FROM staff_history WHERE at < now() - make_interval(secs => $1)",
        retention.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(swept.rows_affected())
}
