//! Bulk writes to the staff table, in statements that check every condition again: what was stored since the plan
//! was built wins. The conditions are those of [`crate::domain::employment::decide`]; a property test compares them.

use crate::domain::audit::AuditAction;
use crate::store::Conn;
use chrono::{DateTime, Utc};

use crate::domain::ids::{DeptId, UserId};
use crate::domain::person::Membership;
use crate::store::audit::Actor;
use crate::store::employment::SyncLock;
use crate::store::staff_input::{StaffInput, staff_json};
use crate::store::{StoreError, staff};

/// Adds people who have no row yet, except those who left since the run began; returns the people it added.
///
/// Violates [`crate::store::staff::EMPLOYED_UNIONID`] if an employed row has one of the unionids.
pub async fn add(
    sync: &mut SyncLock<'_>,
    people: &[StaffInput<'_>],
) -> Result<Vec<UserId>, StoreError> {
    let started_at = sync.run().started_at;
    let rows = staff_json(people)?;
    let added = sqlx::query_scalar!(
        r#"INSERT INTO staff (userid, unionid, name, avatar, job_number, title, mobile, email, hired_date, observed_at)
         SELECT n.* FROM staff_input($1::text::json) n
         WHERE NOT EXISTS (SELECT FROM unknown_leaver u WHERE u.userid = n.userid
                -- Where the clock has stepped back behind the start, both times are of before the step.
                AND CASE WHEN $2 > clock_timestamp() THEN u.left_at ELSE as_past(u.left_at) END >= $2)
            AND NOT EXISTS (SELECT FROM staff h WHERE h.unionid = n.unionid AND h.held_at IS NOT NULL)
         ORDER BY n.userid
         ON CONFLICT (userid) DO NOTHING RETURNING userid AS "userid: UserId""#,
        rows,
        started_at,
    )
    .fetch_all(&mut **sync)
    .await?;
    insert_departments(sync, people, &texts(&added)).await?;
    Ok(added)
}

/// Updates employed people, except those who would get the unionid of a person held as left; returns those whose row
/// it wrote.
pub async fn change(
    sync: &mut SyncLock<'_>,
    people: &[StaffInput<'_>],
) -> Result<Vec<UserId>, StoreError> {
    write(sync, people, None).await
}

/// Rehires people who left before the run began and are not held as left under any userid; returns those whose row it
/// wrote.
pub async fn rehire(
    sync: &mut SyncLock<'_>,
    people: &[StaffInput<'_>],
) -> Result<Vec<UserId>, StoreError> {
    let started_at = sync.run().started_at;
    write(sync, people, Some(started_at)).await
}

/// Writes over employed rows, or over rows that left before a moment.
async fn write(
    sync: &mut SyncLock<'_>,
    people: &[StaffInput<'_>],
    left_before: Option<DateTime<Utc>>,
) -> Result<Vec<UserId>, StoreError> {
    let userids: Vec<UserId> = people.iter().map(|row| row.person.userid.clone()).collect();
    staff::lock_all(sync, &userids).await?;
    let rows = staff_json(people)?;
    let written = sqlx::query_scalar!(
        r#"UPDATE staff s SET
             unionid = coalesce(n.unionid, s.unionid), name = n.name, avatar = n.avatar, job_number = n.job_number,
             title = n.title, mobile = n.mobile, email = n.email, hired_date = n.hired_date, observed_at = n.observed_at,
             status = 'employed', left_at = NULL, left_cause = NULL, updated_at = now()
         FROM staff_input($1::text::json) n
         WHERE s.userid = n.userid AND as_past(s.observed_at) <= n.observed_at AND s.held_at IS NULL
           AND CASE WHEN $2::timestamptz IS NULL THEN s.status = 'employed' ELSE s.status = 'left'
             AND CASE WHEN $2 > clock_timestamp() THEN s.left_at ELSE as_past(s.left_at) END < $2 END
           -- A decision by hand is about the person, not about one of their userids.
           AND ($2::timestamptz IS NULL AND coalesce(n.unionid, s.unionid) IS NOT DISTINCT FROM s.unionid
                OR NOT EXISTS (SELECT FROM staff h WHERE h.unionid = coalesce(n.unionid, s.unionid)
                    AND h.userid <> s.userid AND h.held_at IS NOT NULL))
         RETURNING s.userid AS "userid: UserId""#,
        rows,
        left_before,
    )
    .fetch_all(&mut **sync)
    .await?;
    let userids = texts(&written);
    delete_departments(sync, people, &userids).await?;
    insert_departments(sync, people, &userids).await?;
    Ok(written)
}

/// Clears the unionids of employed people who get another one from a run and have no later answer, so that several
/// unionids can be exchanged in one transaction.
pub async fn release_unionids(sync: &mut SyncLock<'_>) -> Result<(), StoreError> {
    let run_id = sync.run().id;
    sqlx::query!(
        "SELECT s.userid FROM staff s JOIN staging_change d USING (userid) WHERE d.run_id = $1 AND d.step = 'move'
         ORDER BY s.userid FOR UPDATE OF s",
        run_id,
    )
    .fetch_all(&mut **sync)
    .await?;
    sqlx::query!(
        "UPDATE staff s SET unionid = NULL FROM staging_change d
         WHERE d.run_id = $1 AND d.step = 'move' AND s.userid = d.userid AND as_past(s.observed_at) <= d.asked_at AND s.status = 'employed'",
        run_id,
    )
    .execute(&mut **sync)
    .await?;
    Ok(())
}

/// Restores the unionid that [`release_unionids`] cleared for a person who was not written after all, unless none was
/// cleared or another employed row has it by now.
pub async fn restore_unionid(sync: &mut SyncLock<'_>, userid: &UserId) -> Result<(), StoreError> {
    let run_id = sync.run().id;
    sqlx::query!(
        "UPDATE staff s SET unionid = x ->> 'old' FROM staging_change d CROSS JOIN LATERAL jsonb_array_elements(d.differences) x
         WHERE d.run_id = $1 AND d.step = 'move' AND d.userid = $2 AND x ->> 'field' = 'unionid' AND s.userid = d.userid
           AND s.unionid IS NULL
           AND NOT EXISTS (SELECT FROM staff o WHERE o.unionid = x ->> 'old' AND o.status = 'employed')",
        run_id,
        userid.as_str(),
    )
    .execute(&mut **sync)
    .await?;
    Ok(())
}

fn texts(userids: &[UserId]) -> Vec<String> {
    userids.iter().map(|id| id.as_str().to_owned()).collect()
}

/// Returns the departments of these people, each with its person.
fn places<'a>(
    people: &'a [StaffInput<'_>],
) -> impl Iterator<Item = (&'a StaffInput<'a>, &'a Membership)> {
    people
        .iter()
        .flat_map(|row| row.person.departments.iter().map(move |place| (row, place)))
}

fn owners(people: &[StaffInput<'_>]) -> Vec<String> {
    let owners = places(people).map(|(row, _)| row.person.userid.as_str().to_owned());
    owners.collect()
}

fn dept_ids(people: &[StaffInput<'_>]) -> Vec<DeptId> {
    places(people).map(|(_, place)| place.dept_id).collect()
}

/// Deletes the departments that these written people are no longer in.
async fn delete_departments(
    conn: &mut Conn,
    people: &[StaffInput<'_>],
    userids: &[String],
) -> Result<(), StoreError> {
    sqlx::query!(
        // A generic plan compares every row with every element of an array, but hashes the rows of a subquery.
        "DELETE FROM staff_department d WHERE d.userid IN (SELECT unnest($1::text[])) AND NOT EXISTS (
             SELECT FROM unnest($2::text[], $3::bigint[]) AS n (userid, dept_id) WHERE n.userid = d.userid AND n.dept_id = d.dept_id)",
        userids,
        &owners(people),
        &dept_ids(people),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Inserts or updates the departments of these written people.
async fn insert_departments(
    conn: &mut Conn,
    people: &[StaffInput<'_>],
    userids: &[String],
) -> Result<(), StoreError> {
    let asked_at: Vec<DateTime<Utc>> = places(people).map(|(row, _)| row.asked_at).collect();
    let orders: Vec<Option<i64>> = places(people).map(|(_, place)| place.order).collect();
    let leaders: Vec<bool> = places(people).map(|(_, place)| place.is_leader).collect();
    // A later event may have removed the department.
    sqlx::query!(
        "WITH removed AS MATERIALIZED (
             SELECT unnest(dept_ids) AS dept_id, received_at FROM event
             WHERE event_type = 'org_dept_remove' AND received_at > (SELECT min(at) FROM unnest($6::timestamptz[]) AS at))
         INSERT INTO staff_department AS d (userid, dept_id, sort_order, is_leader)
         SELECT n.userid, n.dept_id, n.sort_order, n.is_leader
         FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::boolean[], $6::timestamptz[])
             AS n (userid, dept_id, sort_order, is_leader, asked_at)
         WHERE n.userid IN (SELECT unnest($1::text[]))
           AND NOT EXISTS (SELECT FROM removed r WHERE r.dept_id = n.dept_id AND as_past(r.received_at) > n.asked_at)
         ON CONFLICT (userid, dept_id) DO UPDATE SET sort_order = excluded.sort_order, is_leader = excluded.is_leader
         WHERE (d.sort_order, d.is_leader) IS DISTINCT FROM (excluded.sort_order, excluded.is_leader)",
        userids,
        &owners(people),
        &dept_ids(people),
        &orders as &[Option<i64>],
        &leaders,
        &asked_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Appends one audit entry for each of these people, with their current row.
pub async fn record_in_audit(
    conn: &mut Conn,
    actor: Actor<'_>,
    userids: &[UserId],
    action: AuditAction,
    status: &str,
) -> Result<(), StoreError> {
    let ids: Vec<String> = userids
        .iter()
        .map(|userid| userid.as_str().to_owned())
        .collect();
    sqlx::query!(
        "INSERT INTO audit_entry (actor, actor_kind, action, userid, unionid, name, status)
         SELECT $4, $5, $2, userid, unionid, name, $3 FROM staff
         WHERE userid IN (SELECT unnest($1::text[])) ORDER BY userid",
        &ids,
        action.as_str(),
        status,
        actor.name(),
        actor.kind().as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Appends one audit entry for each employed row to which a run has assigned another unionid, with the former one as
/// the reason.
pub async fn record_unionid_changes(
    sync: &mut SyncLock<'_>,
    actor: Actor<'_>,
) -> Result<(), StoreError> {
    let run_id = sync.run().id;
    sqlx::query!(
        "INSERT INTO audit_entry (actor, actor_kind, action, userid, unionid, name, status, reason)
         SELECT $2, $3, 'staff.unionid', s.userid, s.unionid, s.name, s.status, x ->> 'old'
         FROM staging_change d JOIN staff s USING (userid) CROSS JOIN LATERAL jsonb_array_elements(d.differences) x
         WHERE d.run_id = $1 AND d.step IN ('move', 'return') AND NOT d.is_superseded
           AND x ->> 'field' = 'unionid' AND x ->> 'old' <> '' AND s.unionid = x ->> 'new'
         ORDER BY s.userid",
        run_id,
        actor.name(),
        actor.kind().as_str(),
    )
    .execute(&mut **sync)
    .await?;
    Ok(())
}
