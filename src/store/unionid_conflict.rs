//! People whose unionid in DingTalk's record belongs to another employed row. The event or the recheck that found
//! the conflict waits; these rows store the unionid it waits for, so that it is retried as soon as that one is free.

use chrono::{DateTime, Utc};

use super::{Conn, StoreError, queue, recheck, staff};
use crate::domain::ids::{UnionId, UserId};
use crate::domain::queue::LaneName;

/// Records that a person waits for a unionid; returns how many people wait for one, and whether this is new.
pub async fn note(
    conn: &mut Conn,
    userid: &UserId,
    unionid: &UnionId,
    rival: Option<&UserId>,
) -> Result<(i64, bool), StoreError> {
    let noted = sqlx::query!(
        r#"WITH noted AS (
             INSERT INTO unionid_conflict AS c (userid, unionid, owner_userid) VALUES ($1, $2, $3)
             ON CONFLICT (userid) DO UPDATE SET unionid = excluded.unionid, owner_userid = excluded.owner_userid,
                 since = CASE WHEN c.unionid = excluded.unionid THEN c.since ELSE now() END
             RETURNING c.since = now() AS is_new
         )
         SELECT (SELECT is_new FROM noted) AS "is_new!",
             (SELECT count(*) FROM unionid_conflict WHERE userid <> $1) AS "others!""#,
        userid.as_str(),
        unionid.as_str(),
        rival.map(UserId::as_str),
    )
    .fetch_one(conn)
    .await?;
    Ok((noted.others + 1, noted.is_new))
}

/// Deletes the conflicts of these people, and the alert with the last conflict.
pub async fn clear(conn: &mut Conn, userids: &[UserId]) -> Result<(), StoreError> {
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    let cleared = sqlx::query!("DELETE FROM unionid_conflict WHERE userid = ANY ($1)", &ids)
        .execute(&mut *conn)
        .await?;
    if cleared.rows_affected() > 0 {
        dismiss_alert(conn).await?;
    }
    Ok(())
}

/// Deletes the conflicts of people who now have the unionid that they waited for, or who were listed with
/// another one by a full sync begun at this time. Schedules lookups of the others whose unionid is free.
pub async fn tidy(
    conn: &mut Conn,
    run_id: i64,
    started_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let settled = sqlx::query!(
        "DELETE FROM unionid_conflict c
         WHERE EXISTS (SELECT FROM staff s WHERE s.userid = c.userid AND s.status = 'employed' AND s.unionid = c.unionid)
            -- A conflict that was found during the sync may be newer than what the sync has read.
            OR as_past(c.since) < $2 AND EXISTS (
                SELECT FROM staging_person r WHERE r.run_id = $1 AND r.userid = c.userid AND r.unionid <> c.unionid)",
        run_id,
        started_at,
    )
    .execute(&mut *conn)
    .await?;
    if settled.rows_affected() > 0 {
        dismiss_alert(conn).await?;
    }
    wake(conn).await
}

/// Deletes the alert once no conflict remains; until then updates its count of people.
pub async fn dismiss_alert(conn: &mut Conn) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH waiting AS (SELECT count(*) AS people FROM unionid_conflict),
             dismissed AS (DELETE FROM alert a USING waiting w WHERE a.kind = 'unionid_conflict' AND w.people = 0)
         UPDATE alert a SET detail = w.people::text FROM waiting w WHERE a.kind = 'unionid_conflict' AND w.people > 0"
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Schedules an immediate lookup of people whose wanted unionid no other employed row has any more: by the event or
/// recheck that waits, else by a separate recheck.
pub async fn wake(conn: &mut Conn) -> Result<(), StoreError> {
    let free: Vec<String> = sqlx::query_scalar!(
        "SELECT c.userid FROM unionid_conflict c
         WHERE NOT EXISTS (SELECT FROM staff s WHERE s.unionid = c.unionid AND s.status = 'employed' AND s.userid <> c.userid)"
    )
    .fetch_all(&mut *conn)
    .await?;
    if free.is_empty() {
        return Ok(());
    }
    // Rows that a worker has locked are skipped: their next attempt comes within seconds.
    sqlx::query!(
        "UPDATE event SET next_attempt_at = now() WHERE id IN (
             SELECT id FROM event WHERE state = 'waiting' AND userids && $1 AND next_attempt_at > now()
             ORDER BY id FOR UPDATE SKIP LOCKED)",
        &free,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "UPDATE subject_recheck SET due_at = now() WHERE id IN (
             SELECT id FROM subject_recheck
             WHERE kind = 'person' AND subject = ANY ($1) AND due_at > now() AND last_error IS NOT NULL
               AND EXISTS (SELECT FROM unnest(reasons, times) AS n (reason, at) WHERE n.reason <> 'leave' AND n.at <= now())
             ORDER BY subject FOR UPDATE SKIP LOCKED)",
        &free,
    )
    .execute(&mut *conn)
    .await?;
    let others = sqlx::query_scalar!(
        r#"SELECT s.userid AS "userid: UserId" FROM staff s
         WHERE s.userid = ANY ($1) AND s.status = 'employed'
           AND NOT EXISTS (SELECT FROM event e WHERE e.state = 'waiting' AND e.userids @> ARRAY[s.userid])"#,
        &free,
    )
    .fetch_all(&mut *conn)
    .await?;
    // A person that another transaction is writing would make this one, which may store a leave event, wait for it; that one
    // ends with a wake of its own if it leaves the conflict.
    let others = staff::lock_unwritten(conn, &others).await?;
    recheck::schedule_after_login(conn, &others).await?;
    // The triggers announce new rows only.
    queue::announce(conn, &[LaneName::Events, LaneName::Rechecks]).await
}
