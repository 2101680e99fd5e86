//! Ends what a change of a staff row invalidates: the sessions and the administrator's rights of a pair (userid,
//! unionid) that is no longer an employed row. Every function that writes a status or a unionid calls
//! [`end_mismatched`] in its transaction.

use crate::store::Conn;

use super::StoreError;
use super::recheck::RecheckClaim;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::LeftCause;

/// What happened to the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// They were written, whatever their status.
    Written,
    /// The people left.
    Left(LeftCause),
}

/// Ends the sessions and administrator's rights of these people that no longer match an employed row, with one audit
/// entry for each pair, and adds the userid of its row to a rejection without one.
///
/// What a leave event ends stays restorable until the event has been confirmed; anything else is final.
pub async fn end_mismatched(
    conn: &mut Conn,
    userids: &[String],
    change: Change,
) -> Result<(), StoreError> {
    let mut concerned = Vec::new();
    for userid in userids {
        if end_sessions(conn, userid).await? {
            concerned.push(userid.clone());
        }
    }
    if concerned.is_empty() {
        return Ok(());
    }
    end_rights(conn, &concerned, change).await
}

/// Ends the sessions; returns whether the person has rights, or a rejection that lacks the userid. Few people do,
/// and every write of a row calls this: Postgres keeps the plan for one person, but plans for a list each time.
async fn end_sessions(conn: &mut Conn, userid: &str) -> Result<bool, StoreError> {
    let has_more = sqlx::query_scalar!(
        r#"WITH ended AS (
             -- In the order in which everybody ends several sessions.
             DELETE FROM web_session WHERE id IN (
                 SELECT w.id FROM web_session w LEFT JOIN staff s USING (userid)
                 WHERE w.userid = $1 AND (s.status IS DISTINCT FROM 'employed' OR w.unionid IS DISTINCT FROM s.unionid)
                 ORDER BY w.id FOR UPDATE OF w)
         )
         SELECT (EXISTS (SELECT FROM admin_grant WHERE userid = $1)
             OR EXISTS (SELECT FROM admin_binding WHERE userid = $1)
             OR EXISTS (SELECT FROM staff s JOIN unmatched_login u ON u.unionid = s.unionid
                 WHERE s.userid = $1 AND u.state = 'rejected' AND u.userid IS NULL)) AS "has_more!""#,
        userid,
    )
    .fetch_one(conn)
    .await?;
    Ok(has_more)
}

// Long because it is one statement.
async fn end_rights(conn: &mut Conn, userids: &[String], change: Change) -> Result<(), StoreError> {
    let is_event = change == Change::Left(LeftCause::Event);
    let is_final_leave = matches!(change, Change::Left(cause) if cause != LeftCause::Event);
    sqlx::query!(
        r#"WITH whose AS (
             SELECT n.userid, s.unionid, s.name, s.userid IS NOT NULL AS has_row, coalesce(s.status = 'employed', false) AS is_employed
             FROM (SELECT DISTINCT unnest($1::text[]) AS userid) n LEFT JOIN staff s USING (userid)
         ),
         -- What was restorable stays so while the person is out, unless another decision ends it for good; anybody who
         -- is employed again without it has lost it.
         grants AS (
             SELECT g.userid, g.unionid, g.ended_at IS NULL AS was_active
             FROM admin_grant g JOIN whose p USING (userid)
             WHERE CASE WHEN g.ended_at IS NULL
                 THEN (p.has_row OR $2 OR $3) AND NOT (p.is_employed AND g.unionid IS NOT DISTINCT FROM p.unionid)
                 ELSE p.is_employed OR $3 END
             ORDER BY g.userid FOR UPDATE OF g
         ),
         suspended AS (
             UPDATE admin_grant g SET ended_at = clock_timestamp() FROM grants e WHERE $2 AND g.userid = e.userid AND e.was_active
         ),
         deleted AS (DELETE FROM admin_grant g USING grants e WHERE NOT ($2 AND e.was_active) AND g.userid = e.userid),
         bindings AS (
             SELECT b.userid, b.unionid, b.ended_at IS NULL AS was_active
             FROM admin_binding b JOIN whose p USING (userid)
             WHERE b.unionid IS NOT NULL AND CASE WHEN b.ended_at IS NULL
                 THEN (p.has_row OR $2 OR $3) AND NOT (p.is_employed AND b.unionid IS NOT DISTINCT FROM p.unionid)
                 ELSE b.is_restorable AND (p.is_employed OR $3) END
             ORDER BY b.userid FOR UPDATE OF b
         ),
         ended AS (
             UPDATE admin_binding b SET ended_at = coalesce(b.ended_at, clock_timestamp()), is_restorable = $2 AND e.was_active
             FROM bindings e WHERE b.userid = e.userid
         ),
         named AS (
             UPDATE unmatched_login u SET userid = p.userid FROM whose p
             WHERE p.has_row AND u.unionid = p.unionid AND u.state = 'rejected' AND u.userid IS NULL
         )
         INSERT INTO audit_entry (actor, actor_kind, action, userid, unionid, name, status)
         SELECT 'system', 'system', 'admin.revoke', r.userid, r.unionid, p.name,
             CASE WHEN p.is_employed THEN 'account_changed' ELSE 'left' END
         FROM (SELECT userid, unionid FROM grants WHERE was_active UNION SELECT userid, unionid FROM bindings WHERE was_active) r
         JOIN whose p USING (userid) ORDER BY r.userid"#,
        userids,
        is_event,
        is_final_leave,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Restores the rights that a leave event has ended, after a recheck found the event false. Must precede the
/// statement that employs the person again, which permanently ends any rights that were not restored.
pub async fn restore_ended(
    conn: &mut Conn,
    userid: &UserId,
    unionid: Option<&UnionId>,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"WITH pair AS (
             SELECT n.userid, coalesce($2, s.unionid) AS unionid, s.name
             FROM (SELECT $1::text AS userid) n LEFT JOIN staff s USING (userid) WHERE s.userid IS NULL OR s.left_cause = 'event'
         ),
         grants AS (
             UPDATE admin_grant g SET ended_at = NULL FROM pair p
             WHERE g.userid = p.userid AND g.unionid = p.unionid AND g.ended_at IS NOT NULL RETURNING g.userid
         ),
         bindings AS (
             UPDATE admin_binding b SET ended_at = NULL, is_restorable = false FROM pair p
             WHERE b.userid = p.userid AND b.unionid = p.unionid AND b.is_restorable RETURNING b.userid
         )
         INSERT INTO audit_entry (actor, actor_kind, action, userid, unionid, name, status)
         SELECT 'system', 'system', 'admin.grant', p.userid, p.unionid, p.name, 'restored'
         FROM pair p WHERE EXISTS (SELECT FROM grants) OR EXISTS (SELECT FROM bindings)"#,
        userid.as_str(),
        unionid.map(UnionId::as_str),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes permanent what a leave event has ended, unless rechecks after a leave event remain other than this one.
pub async fn confirm_ended(
    conn: &mut Conn,
    userid: &UserId,
    recheck: RecheckClaim,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH settled AS (
             SELECT $1 AS userid WHERE NOT EXISTS (
                 SELECT FROM subject_recheck r, unnest(r.reasons, r.times) AS n (reason, at)
                 WHERE r.kind = 'person' AND r.subject = $1 AND n.reason = 'leave' AND (r.generation <> $2 OR n.at > $3))
         ),
         deleted AS (DELETE FROM admin_grant g USING settled s WHERE g.userid = s.userid AND g.ended_at IS NOT NULL)
         UPDATE admin_binding b SET is_restorable = false FROM settled s WHERE b.userid = s.userid AND b.is_restorable",
        userid.as_str(),
        recheck.generation,
        recheck.due_until,
    )
    .execute(conn)
    .await?;
    Ok(())
}
