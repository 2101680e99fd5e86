//! Deletes what is older than its retention period.

use std::time::Duration;

use crate::store::{Conn, StoreError};

/// Deletes what the directory said of people whose approval is older than the retention period; returns how many. The
/// staff table has them.
pub async fn sweep_approved_people(
    conn: &mut Conn,
    retention: Duration,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM unmatched_person p USING unmatched_login c
         WHERE c.id = p.case_id AND c.state = 'approved' AND c.decided_at < now() - make_interval(secs => $1)",
        retention.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes undecided cases without an attempt for the retention period; returns how many. A decision is kept: a
/// rejection binds the person, and an approval says why somebody is in the staff table.
pub async fn sweep(conn: &mut Conn, retention: Duration) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM unmatched_login
         WHERE state IN ('waiting', 'closed') AND decided_at IS NULL AND last_seen_at < now() - make_interval(secs => $1)",
        retention.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
