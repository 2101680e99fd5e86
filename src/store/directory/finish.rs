//! The end of the transaction that applies a plan: rows that others may be waiting for are touched only now.

use crate::store::Conn;

use crate::store::access::{self, Change};
use crate::store::employment::SyncLock;
use crate::store::{StoreError, recheck};

/// Applies the consequences of the rows that a run has written: ends the sessions of former unionids, closes the
/// review cases that this settles, and deletes rechecks scheduled while there was no row.
pub async fn finish(sync: &mut SyncLock<'_>) -> Result<(), StoreError> {
    let run_id = sync.run().id;
    let concerned = concerned(sync, run_id).await?;
    access::end_mismatched(sync, &concerned, Change::Written).await?;
    sqlx::query!(
        "UPDATE unmatched_login SET state = 'closed' WHERE id IN (
             SELECT c.id FROM staging_change d JOIN staff s USING (userid) JOIN unmatched_login c ON c.unionid = s.unionid
             WHERE d.run_id = $1 AND d.step <> 'leave' AND NOT d.is_superseded AND c.state = 'waiting'
               -- Somebody else waits for a review under this unionid.
               AND (c.reason <> 'pending_review' OR c.userid IS NULL OR c.userid = s.userid)
             ORDER BY c.id FOR UPDATE OF c)",
        run_id
    )
    .execute(&mut **sync)
    .await?;
    let joined = sqlx::query_scalar!(
        "SELECT r.subject FROM staging_change d JOIN subject_recheck r ON r.kind = 'person' AND r.subject = d.userid
         WHERE d.run_id = $1 AND d.step <> 'leave' AND NOT d.is_superseded AND 'join' = ANY (r.reasons)",
        run_id
    )
    .fetch_all(&mut **sync)
    .await?;
    recheck::withdraw_after_join(sync, &joined).await
}

/// Finds the people written by the run who have something that a changed userid-unionid pair ends or completes: a
/// session, an admin right, or a rejection without a userid.
async fn concerned(conn: &mut Conn, run_id: i64) -> Result<Vec<String>, StoreError> {
    let userids = sqlx::query_scalar!(
        "SELECT d.userid FROM staging_change d JOIN staff s USING (userid)
         -- A person who was to get another unionid has lost the former one even where that was undone.
         WHERE d.run_id = $1 AND d.step <> 'leave' AND (NOT d.is_superseded OR d.step = 'move') AND (
             EXISTS (SELECT FROM web_session w WHERE w.userid = s.userid AND w.unionid IS DISTINCT FROM s.unionid)
             OR EXISTS (SELECT FROM admin_grant g WHERE g.userid = s.userid)
             OR EXISTS (SELECT FROM admin_binding b WHERE b.userid = s.userid)
             OR EXISTS (SELECT FROM unmatched_login u
                 WHERE u.unionid = s.unionid AND u.state = 'rejected' AND u.userid IS NULL))",
        run_id
    )
    .fetch_all(conn)
    .await?;
    Ok(userids.into_iter().flatten().collect())
}

/// Blocks leave events for people added by the run until the end of the transaction, and waits for those being
/// stored: a leave event does not see an uncommitted row, and would otherwise be recorded as that of an unknown
/// person. Leave events for other people do not wait.
pub async fn block_leave_events(sync: &mut SyncLock<'_>) -> Result<(), StoreError> {
    let run_id = sync.run().id;
    sqlx::query!(
        "INSERT INTO unknown_leaver (userid, left_at)
         SELECT userid, '-infinity' FROM staging_change WHERE run_id = $1 AND step = 'add' AND NOT is_superseded ORDER BY userid
         ON CONFLICT (userid) DO UPDATE SET left_at = unknown_leaver.left_at",
        run_id
    )
    .execute(&mut **sync)
    .await?;
    Ok(())
}

/// Deletes the unknown-leaver records of people who now have a row, which unblocks their leave events.
pub async fn unblock_leave_events(sync: &mut SyncLock<'_>) -> Result<(), StoreError> {
    let run_id = sync.run().id;
    sqlx::query!(
        "DELETE FROM unknown_leaver u USING staging_change d
         WHERE d.run_id = $1 AND d.step IN ('add', 'return') AND NOT d.is_superseded AND u.userid = d.userid",
        run_id
    )
    .execute(&mut **sync)
    .await?;
    Ok(())
}
