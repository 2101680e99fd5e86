//! The staff table: who works here.

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::access::{self, Change};
use super::record::record;
use super::{StoreError, recheck, unionid_conflict, unmatched};
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::{LeftCause, Person, Status};

/// The unique index on the unionid of employed people.
pub const EMPLOYED_UNIONID: &str = "staff_employed_unionid";

record! {
    /// The columns of a staff row that decide about access.
    #[derive(Debug, Clone)]
    pub struct StaffRow from StaffRecord in "staff" by userid {
        pub userid: UserId,
        pub unionid: Option<UnionId>,
        pub name: String,
        pub left_at: Option<DateTime<Utc>>,
        /// Marked as left by an administrator; only a restore ends this.
        pub is_held: bool,
        /// When the data in this row was requested from DingTalk.
        pub looked_at: DateTime<Utc>,
    }
    closed {
        pub status: Status,
    }
}

/// Returns Postgres's clock, which all instances share.
pub async fn now(conn: &mut Conn) -> Result<DateTime<Utc>, StoreError> {
    Ok(sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!""#)
        .fetch_one(conn)
        .await?)
}

/// Finds a person by userid.
pub async fn find(conn: &mut Conn, userid: &UserId) -> Result<Option<StaffRow>, StoreError> {
    let row = sqlx::query_as!(
        StaffRecord,
        r#"SELECT userid AS "userid: UserId", unionid AS "unionid: UnionId", name, status, left_at,
            held_at IS NOT NULL AS "is_held!", greatest(as_past(looked_at), '0001-01-01') AS "looked_at!"
         FROM staff WHERE userid = $1"#,
        userid.as_str()
    )
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// Takes a transaction-level advisory lock per userid: without it a leave event and the first row of a person would
/// not see each other. Must precede any row lock.
pub async fn lock_people(conn: &mut Conn, userids: &[UserId]) -> Result<(), StoreError> {
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(key) FROM (
             SELECT DISTINCT hashtextextended(id, 0) AS key FROM unnest($1::text[]) AS id ORDER BY key
         ) keys",
        &ids
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

/// Finds another userid with the same unionid that an administrator marked as left: the decision is about the
/// person, not the userid.
pub async fn held_under_unionid(
    conn: &mut Conn,
    person: &Person,
) -> Result<Option<UserId>, StoreError> {
    let unionid = person.unionid.as_ref().map(UnionId::as_str);
    let userid = sqlx::query_scalar!(
        r#"SELECT userid AS "userid: UserId" FROM staff
         WHERE unionid = $1 AND userid <> $2 AND held_at IS NOT NULL LIMIT 1"#,
        unionid,
        person.userid.as_str()
    )
    .fetch_optional(conn)
    .await?;
    Ok(userid)
}

/// Serializes evaluation of the leaver threshold until the commit.
pub async fn lock_leaver_limit(conn: &mut Conn) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_advisory_xact_lock(60121)")
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// Finds a person by userid and locks the row until the commit.
pub async fn lock(conn: &mut Conn, userid: &UserId) -> Result<Option<StaffRow>, StoreError> {
    let row = sqlx::query_as!(
        StaffRecord,
        r#"SELECT userid AS "userid: UserId", unionid AS "unionid: UnionId", name, status, left_at,
            held_at IS NOT NULL AS "is_held!", greatest(as_past(looked_at), '0001-01-01') AS "looked_at!"
         FROM staff WHERE userid = $1 FOR UPDATE"#,
        userid.as_str()
    )
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// Locks these people's rows until the commit, in the order that all code locking several rows uses.
pub async fn lock_all(conn: &mut Conn, userids: &[UserId]) -> Result<(), StoreError> {
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    sqlx::query!(
        "SELECT userid FROM staff WHERE userid = ANY ($1) ORDER BY userid FOR UPDATE",
        &ids
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

/// Clears the unionids of these people, so that they can be exchanged. The same transaction must write all of these
/// rows again.
pub async fn release_unionids(conn: &mut Conn, userids: &[UserId]) -> Result<(), StoreError> {
    if userids.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    sqlx::query!(
        "UPDATE staff SET unionid = NULL WHERE userid = ANY ($1)",
        &ids
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Finds the row with a unionid: the employed one, else the one that left last.
pub async fn find_by_unionid(
    conn: &mut Conn,
    unionid: &UnionId,
) -> Result<Option<StaffRow>, StoreError> {
    let row = sqlx::query_as!(
        StaffRecord,
        r#"SELECT userid AS "userid: UserId", unionid AS "unionid: UnionId", name, status, left_at,
            held_at IS NOT NULL AS "is_held!", greatest(as_past(looked_at), '0001-01-01') AS "looked_at!"
         FROM staff WHERE unionid = $1 ORDER BY status = 'employed' DESC, left_at DESC LIMIT 1"#,
        unionid.as_str()
    )
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// Marks a person as employed and writes all data from DingTalk: ends any termination or manual decision, ends the
/// sessions of a former unionid, and closes the review cases that this settles.
///
/// Violates [`EMPLOYED_UNIONID`] if another employed row has the unionid.
pub async fn upsert_employed(
    conn: &mut Conn,
    person: &Person,
    asked_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let userid = person.userid.as_str();
    let is_settled = sqlx::query_scalar!(
        r#"WITH forgotten AS (DELETE FROM unknown_leaver WHERE userid = $1),
             settled AS (DELETE FROM unionid_conflict WHERE userid = $1 RETURNING userid)
         SELECT EXISTS (SELECT FROM settled) AS "is_settled!""#,
        userid
    )
    .fetch_one(&mut *conn)
    .await?;
    if is_settled {
        unionid_conflict::dismiss_alert(conn).await?;
    }
    write_fields(conn, person, asked_at, true).await?;
    sqlx::query!(
        "DELETE FROM scheduled_look WHERE userid = $1 AND cause = 'join'",
        userid
    )
    .execute(&mut *conn)
    .await?;
    unmatched::close_for(conn, person.unionid.as_ref(), &person.userid).await
}

/// Writes the data from DingTalk about a person without changing the status.
pub async fn update_fields(
    conn: &mut Conn,
    person: &Person,
    asked_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    write_fields(conn, person, asked_at, false).await
}

async fn write_fields(
    conn: &mut Conn,
    person: &Person,
    asked_at: DateTime<Utc>,
    employ: bool,
) -> Result<(), StoreError> {
    let userid = person.userid.as_str();
    let unionid = person.unionid.as_ref().map(UnionId::as_str);
    // DingTalk may omit the unionid; that is no reason to drop a known one.
    sqlx::query!(
        "INSERT INTO staff AS s (userid, unionid, name, avatar, job_number, title, mobile, email, hired_date, looked_at)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 WHERE $11 OR EXISTS (SELECT FROM staff WHERE userid = $1)
         ON CONFLICT (userid) DO UPDATE SET
            unionid = coalesce(excluded.unionid, s.unionid), name = excluded.name, avatar = excluded.avatar,
            job_number = excluded.job_number, title = excluded.title, mobile = excluded.mobile, email = excluded.email,
            hired_date = excluded.hired_date, looked_at = excluded.looked_at, updated_at = now(),
            status = CASE WHEN $11 THEN 'employed' ELSE s.status END,
            left_at = CASE WHEN $11 THEN NULL ELSE s.left_at END,
            left_cause = CASE WHEN $11 THEN NULL ELSE s.left_cause END,
            held_by = CASE WHEN $11 THEN NULL ELSE s.held_by END,
            held_at = CASE WHEN $11 THEN NULL ELSE s.held_at END,
            held_reason = CASE WHEN $11 THEN NULL ELSE s.held_reason END",
        userid,
        unionid,
        person.name,
        person.avatar,
        person.job_number,
        person.title,
        person.mobile,
        person.email,
        person.hired_date,
        asked_at,
        employ
    )
    .execute(&mut *conn)
    .await?;
    write_departments(conn, person).await?;
    access::end_mismatched(conn, &[userid.to_owned()], Change::Written).await
}

async fn write_departments(conn: &mut Conn, person: &Person) -> Result<(), StoreError> {
    let userid = person.userid.as_str();
    let ids: Vec<i64> = person.departments.iter().map(|d| d.dept_id).collect();
    let orders: Vec<Option<i64>> = person.departments.iter().map(|d| d.order).collect();
    let leaders: Vec<bool> = person.departments.iter().map(|d| d.is_leader).collect();
    sqlx::query!(
        "DELETE FROM staff_department WHERE userid = $1 AND dept_id <> ALL ($2)",
        userid,
        &ids
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO staff_department (userid, dept_id, sort_order, is_leader)
         SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::boolean[])
         ON CONFLICT (userid, dept_id) DO UPDATE SET sort_order = excluded.sort_order, is_leader = excluded.is_leader",
        userid,
        &ids,
        &orders as &[Option<i64>],
        &leaders
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Terminates those who are employed, ends all their sessions and schedules rechecks; returns the people it changed.
pub async fn mark_left(
    conn: &mut Conn,
    userids: &[UserId],
    cause: LeftCause,
) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    // The same order everywhere, so that two of these cannot deadlock.
    lock_all(conn, userids).await?;
    let rows = sqlx::query!(
        r#"UPDATE staff s SET status = 'left', left_at = clock_timestamp(), left_cause = $2, updated_at = now()
         WHERE userid = ANY ($1) AND status = 'employed'
         RETURNING userid AS "userid: UserId", EXISTS (
             SELECT FROM unionid_conflict c WHERE c.userid = s.userid OR c.unionid = s.unionid) AS "has_conflict!""#,
        &ids,
        cause.as_str()
    )
    .fetch_all(&mut *conn)
    .await?;
    let has_conflict = rows.iter().any(|row| row.has_conflict);
    let changed: Vec<UserId> = rows.into_iter().map(|row| row.userid).collect();
    if has_conflict {
        release_conflicts(conn, &changed).await?;
    }
    access::end_mismatched(conn, &ids, Change::Left(cause)).await?;
    recheck::schedule_after_leave(conn, &changed).await?;
    Ok(changed)
}

/// Unionid conflicts with people who have left are resolved: others may now use those unionids.
async fn release_conflicts(conn: &mut Conn, leavers: &[UserId]) -> Result<(), StoreError> {
    unionid_conflict::clear(conn, leavers).await?;
    unionid_conflict::wake(conn).await
}

/// Moves the leave time of people who have already left to now, after a repeated leave event: an older answer from
/// DingTalk must not restore them.
pub async fn renew_leave(conn: &mut Conn, userids: &[UserId]) -> Result<(), StoreError> {
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    sqlx::query!("UPDATE staff SET left_at = clock_timestamp(),
            left_cause = CASE WHEN left_cause = 'unknown_to_dingtalk' THEN 'event' ELSE left_cause END
         WHERE userid = ANY ($1) AND status = 'left'", &ids).execute(conn).await?;
    Ok(())
}

/// Marks a person as left by a decision that no event or sync undoes, and ends all their sessions.
pub async fn keep_left(
    conn: &mut Conn,
    userid: &UserId,
    by: &str,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE staff SET status = 'left', left_at = coalesce(left_at, clock_timestamp()), left_cause = 'manual',
            held_by = $2, held_at = now(), held_reason = $3, updated_at = now() WHERE userid = $1",
        userid.as_str(),
        by,
        reason
    )
    .execute(&mut *conn)
    .await?;
    let ids = [userid.as_str().to_owned()];
    release_conflicts(conn, std::slice::from_ref(userid)).await?;
    access::end_mismatched(conn, &ids, Change::Left(LeftCause::Manual)).await
}

/// Records the leave time of people who have no row in the staff table.
pub async fn remember_unknown_leavers(
    conn: &mut Conn,
    userids: &[UserId],
) -> Result<(), StoreError> {
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    sqlx::query!(
        "INSERT INTO unknown_leaver (userid, left_at)
         SELECT id, clock_timestamp() FROM (SELECT DISTINCT unnest($1::text[]) AS id) ids
         WHERE NOT EXISTS (SELECT FROM staff WHERE userid = id) ORDER BY id
         ON CONFLICT (userid) DO UPDATE SET left_at = excluded.left_at",
        &ids
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes the leave record of a person who has no row in the staff table.
pub async fn forget_unknown_leaver(conn: &mut Conn, userid: &UserId) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM unknown_leaver WHERE userid = $1",
        userid.as_str()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns when a person left, or `None` if no leave is known or it was undone.
pub async fn leave_event_time(
    conn: &mut Conn,
    userid: &UserId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let row = sqlx::query_scalar!(
        "SELECT as_past(left_at) AS left_at FROM staff WHERE userid = $1 AND status = 'left'
         UNION ALL SELECT as_past(left_at) FROM unknown_leaver WHERE userid = $1 LIMIT 1",
        userid.as_str()
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.flatten())
}

/// Returns whether the person left at this moment or later, with a staff row or as an unknown leaver.
pub async fn has_left_since(
    conn: &mut Conn,
    userid: &UserId,
    moment: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let has = sqlx::query_scalar!(
        // If the clock was set back to before `moment`, both times are from before the step.
        r#"SELECT EXISTS (
             SELECT FROM (SELECT left_at FROM staff WHERE userid = $1 AND status = 'left'
                          UNION ALL SELECT left_at FROM unknown_leaver WHERE userid = $1) AS l
             WHERE CASE WHEN $2 > clock_timestamp() THEN l.left_at ELSE as_past(l.left_at) END >= $2
         ) AS "has!""#,
        userid.as_str(),
        moment,
    )
    .fetch_one(conn)
    .await?;
    Ok(has)
}

/// Returns how many people are employed.
pub async fn count_employed(conn: &mut Conn) -> Result<i64, StoreError> {
    let count =
        sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM staff WHERE status = 'employed'"#)
            .fetch_one(conn)
            .await?;
    Ok(count)
}

/// Returns how many people were marked as left in the last 24 hours by a recheck without a leave event.
pub async fn count_recently_unknown(conn: &mut Conn) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM staff
         WHERE status = 'left' AND left_cause = 'unknown_to_dingtalk' AND left_at > now() - interval '24 hours'"#
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Returns whether the table holds nobody, not even people who have left.
pub async fn is_empty(conn: &mut Conn) -> Result<bool, StoreError> {
    let is_empty = sqlx::query_scalar!(r#"SELECT NOT EXISTS (SELECT FROM staff) AS "is_empty!""#)
        .fetch_one(conn)
        .await?;
    Ok(is_empty)
}
