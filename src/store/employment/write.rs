//! Writes who works here. No other code writes a status, except the bulk statements of a directory sync.

use chrono::{DateTime, Utc};

use super::PeopleLock;
use crate::domain::ids::UserId;
use crate::domain::person::{LeftCause, Person};
use crate::store::access::{self, Change};
use crate::store::staff_input::{StaffInput, staff_json};
use crate::store::{StoreError, recheck, unionid_conflict, unmatched};

const STAFF: &str = "staff";

/// Clears the unionids of these people, so that they can be exchanged. The same transaction must write all of these
/// rows again.
pub async fn release_unionids(
    people: &mut PeopleLock<'_>,
    userids: &[UserId],
) -> Result<(), StoreError> {
    if userids.is_empty() {
        return Ok(());
    }
    people.require(userids)?;
    let ids = texts(userids);
    let released = sqlx::query!(
        "UPDATE staff SET unionid = NULL WHERE userid = ANY ($1)",
        &ids
    )
    .execute(&mut **people)
    .await?;
    StoreError::unless_written(released.rows_affected(), ids.len(), STAFF, || {
        ids.join(", ")
    })
}

/// Marks a person as employed and writes all data from DingTalk: ends any termination or manual decision, ends the
/// sessions of a former unionid, and closes the review cases that this settles.
///
/// Violates [`crate::store::staff::EMPLOYED_UNIONID`] if another employed row has the unionid.
pub async fn employ(
    people: &mut PeopleLock<'_>,
    person: &Person,
    asked_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    people.require(std::slice::from_ref(&person.userid))?;
    let userid = person.userid.as_str();
    let is_settled = sqlx::query_scalar!(
        r#"WITH forgotten AS (DELETE FROM unknown_leaver WHERE userid = $1),
             settled AS (DELETE FROM unionid_conflict WHERE userid = $1 RETURNING userid)
         SELECT EXISTS (SELECT FROM settled) AS "is_settled!""#,
        userid
    )
    .fetch_one(&mut **people)
    .await?;
    if is_settled {
        unionid_conflict::dismiss_alert(people).await?;
    }
    write_fields(people, person, asked_at, true).await?;
    recheck::withdraw_after_join(people, &[userid.to_owned()]).await?;
    unmatched::close_for(people, person.unionid.as_ref(), &person.userid).await
}

/// Writes the data from DingTalk about a person with a row, without changing the status.
pub async fn update(
    people: &mut PeopleLock<'_>,
    person: &Person,
    asked_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    people.require(std::slice::from_ref(&person.userid))?;
    write_fields(people, person, asked_at, false).await
}

async fn write_fields(
    people: &mut PeopleLock<'_>,
    person: &Person,
    asked_at: DateTime<Utc>,
    employ: bool,
) -> Result<(), StoreError> {
    let userid = person.userid.as_str();
    let row = staff_json(&[StaffInput { person, asked_at }])?;
    // DingTalk may omit the unionid; that is no reason to drop a known one.
    let written = sqlx::query!(
        "INSERT INTO staff AS s (userid, unionid, name, avatar, job_number, title, mobile, email, hired_date, observed_at)
         SELECT * FROM staff_input($1::text::json) n WHERE $2 OR EXISTS (SELECT FROM staff o WHERE o.userid = n.userid)
         ON CONFLICT (userid) DO UPDATE SET
            unionid = coalesce(excluded.unionid, s.unionid), name = excluded.name, avatar = excluded.avatar,
            job_number = excluded.job_number, title = excluded.title, mobile = excluded.mobile, email = excluded.email,
            hired_date = excluded.hired_date, observed_at = excluded.observed_at, updated_at = now(),
            status = CASE WHEN $2 THEN 'employed' ELSE s.status END,
            left_at = CASE WHEN $2 THEN NULL ELSE s.left_at END,
            left_cause = CASE WHEN $2 THEN NULL ELSE s.left_cause END,
            held_by = CASE WHEN $2 THEN NULL ELSE s.held_by END,
            held_at = CASE WHEN $2 THEN NULL ELSE s.held_at END,
            held_reason = CASE WHEN $2 THEN NULL ELSE s.held_reason END",
        row,
        employ
    )
    .execute(&mut **people)
    .await?;
    StoreError::unless_written(written.rows_affected(), 1, STAFF, || userid.to_owned())?;
    write_departments(people, person).await?;
    access::end_mismatched(people, &[userid.to_owned()], Change::Written).await
}

async fn write_departments(people: &mut PeopleLock<'_>, person: &Person) -> Result<(), StoreError> {
    let userid = person.userid.as_str();
    let ids: Vec<i64> = person.departments.iter().map(|d| d.dept_id).collect();
    let orders: Vec<Option<i64>> = person.departments.iter().map(|d| d.order).collect();
    let leaders: Vec<bool> = person.departments.iter().map(|d| d.is_leader).collect();
    sqlx::query!(
        "DELETE FROM staff_department WHERE userid = $1 AND dept_id <> ALL ($2)",
        userid,
        &ids
    )
    .execute(&mut **people)
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
    .execute(&mut **people)
    .await?;
    Ok(())
}

/// Ends the employment of these employed people, ends all their sessions and schedules rechecks. Their rows must be
/// locked.
pub async fn terminate(
    people: &mut PeopleLock<'_>,
    userids: &[UserId],
    cause: LeftCause,
) -> Result<(), StoreError> {
    terminate_at(people, userids, &[], cause).await
}

/// Like [`terminate`], with the time of each leave instead of now.
pub async fn terminate_at(
    people: &mut PeopleLock<'_>,
    userids: &[UserId],
    left_at: &[DateTime<Utc>],
    cause: LeftCause,
) -> Result<(), StoreError> {
    if userids.is_empty() {
        return Ok(());
    }
    people.require(userids)?;
    let ids = texts(userids);
    let left = sqlx::query_scalar!(
        r#"UPDATE staff s SET status = 'left', left_at = coalesce(n.left_at, clock_timestamp()), left_cause = $2,
             updated_at = now()
         FROM unnest($1::text[], $3::timestamptz[]) AS n (userid, left_at)
         WHERE s.userid = n.userid AND s.status = 'employed'
         RETURNING EXISTS (
             SELECT FROM unionid_conflict c WHERE c.userid = s.userid OR c.unionid = s.unionid) AS "has_conflict!""#,
        &ids,
        cause.as_str(),
        left_at
    )
    .fetch_all(&mut **people)
    .await?;
    let written = u64::try_from(left.len()).unwrap_or_default();
    StoreError::unless_written(written, ids.len(), STAFF, || ids.join(", "))?;
    if left.contains(&true) {
        release_conflicts(people, userids).await?;
    }
    access::end_mismatched(people, &ids, Change::Left(cause)).await?;
    recheck::schedule_after_leave(people, userids).await
}

/// Unionid conflicts with people who have left are resolved: others may now use those unionids.
async fn release_conflicts(
    people: &mut PeopleLock<'_>,
    leavers: &[UserId],
) -> Result<(), StoreError> {
    unionid_conflict::clear(people, leavers).await?;
    unionid_conflict::wake(people).await
}

/// Records a leave event of people who are not employed: moves the leave time of their rows to now, because an older
/// answer from DingTalk must not restore them, ends what remains of their access, and schedules rechecks.
pub async fn record_leave(
    people: &mut PeopleLock<'_>,
    userids: &[UserId],
) -> Result<(), StoreError> {
    if userids.is_empty() {
        return Ok(());
    }
    people.require(userids)?;
    let ids = texts(userids);
    // Not everybody has a row, see `remember_unknown_leavers`.
    sqlx::query!(
        "UPDATE staff SET left_at = clock_timestamp(),
            left_cause = CASE WHEN left_cause = 'unknown_to_dingtalk' THEN 'event' ELSE left_cause END
         WHERE userid = ANY ($1) AND status = 'left'",
        &ids
    )
    .execute(&mut **people)
    .await?;
    access::end_mismatched(people, &ids, Change::Left(LeftCause::Event)).await?;
    recheck::schedule_after_leave(people, userids).await
}

/// Marks a person as left by a decision that no event or sync undoes, and ends all their sessions.
pub async fn terminate_by_hand(
    people: &mut PeopleLock<'_>,
    userid: &UserId,
    by: &str,
    reason: &str,
) -> Result<(), StoreError> {
    people.require(std::slice::from_ref(userid))?;
    let written = sqlx::query!(
        "UPDATE staff SET status = 'left', left_at = coalesce(left_at, clock_timestamp()), left_cause = 'manual',
            held_by = $2, held_at = now(), held_reason = $3, updated_at = now() WHERE userid = $1",
        userid.as_str(),
        by,
        reason
    )
    .execute(&mut **people)
    .await?;
    StoreError::unless_written(written.rows_affected(), 1, STAFF, || userid.to_string())?;
    let ids = [userid.as_str().to_owned()];
    release_conflicts(people, std::slice::from_ref(userid)).await?;
    access::end_mismatched(people, &ids, Change::Left(LeftCause::Manual)).await
}

/// Records the leave time of people who have no row in the staff table.
pub async fn remember_unknown_leavers(
    people: &mut PeopleLock<'_>,
    userids: &[UserId],
) -> Result<(), StoreError> {
    people.require(userids)?;
    let ids = texts(userids);
    sqlx::query!(
        "INSERT INTO unknown_leaver (userid, left_at)
         SELECT id, clock_timestamp() FROM (SELECT DISTINCT unnest($1::text[]) AS id) ids
         WHERE NOT EXISTS (SELECT FROM staff WHERE userid = id) ORDER BY id
         ON CONFLICT (userid) DO UPDATE SET left_at = excluded.left_at",
        &ids
    )
    .execute(&mut **people)
    .await?;
    Ok(())
}

/// Deletes the leave record of a person who has no row in the staff table.
pub async fn forget_unknown_leaver(
    people: &mut PeopleLock<'_>,
    userid: &UserId,
) -> Result<(), StoreError> {
    people.require(std::slice::from_ref(userid))?;
    sqlx::query!(
        "DELETE FROM unknown_leaver WHERE userid = $1",
        userid.as_str()
    )
    .execute(&mut **people)
    .await?;
    Ok(())
}

fn texts(userids: &[UserId]) -> Vec<String> {
    userids.iter().map(|id| id.as_str().to_owned()).collect()
}
