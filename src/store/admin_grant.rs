//! Roles: pairs of userid and unionid that have one by a grant, or are administrators through `DINGGATE_ADMINS`.

mod binding;

use crate::store::Conn;

use super::StoreError;
use super::record::{known, record};
use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::listed_admins::ListedAdmins;
use crate::domain::rights::{Rights, Role};

pub use binding::{Binding, bind, binding, rebind, unbound};

record! {
    /// A person with a grant or an entry in the setting.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct AdminRow from AdminRecord in "admin_grant" by userid {
        pub userid: UserId,
        /// `None` if the person has no row in the staff table.
        pub name: Option<String>,
        pub is_employed: bool,
        /// The unionid of the staff row.
        pub unionid: Option<UnionId>,
        /// Whether there is a grant that has not ended.
        pub is_granted: bool,
        /// Whether the grant is in force: its pair is that of the employed row.
        pub has_grant: bool,
        /// The departments that the grant is limited to.
        pub departments: Option<Vec<DeptId>>,
        /// Whether the entry in the setting was bound, even if to no unionid.
        pub is_bound: bool,
        pub bound_unionid: Option<UnionId>,
        pub is_ended: bool,
    }
    optional {
        /// The role of the grant.
        pub role: Role,
    }
}

/// Serializes ending administrators' rights until the commit, so that two concurrent calls cannot remove the last
/// administrators. Must precede any row lock.
pub async fn serialise(conn: &mut Conn) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('administrators', 0))")
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// Keeps others from revoking a grant or rejecting an administrator until the commit; several holders of this shared
/// lock may decide at once. Must precede any row lock.
pub async fn serialise_shared(conn: &mut Conn) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_advisory_xact_lock_shared(hashtextextended('administrators', 0))")
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// Keeps the rights of a person from ending until the commit. Must follow the locks of staff rows, as in all code
/// that ends rights together with employment.
pub async fn lock_rights(conn: &mut Conn, userid: &UserId) -> Result<(), StoreError> {
    sqlx::query!(
        r#"WITH grants AS (SELECT userid FROM admin_grant WHERE userid = $1 FOR SHARE),
             bindings AS (SELECT userid FROM admin_binding WHERE userid = $1 FOR SHARE)
         SELECT (SELECT count(*) FROM grants) + (SELECT count(*) FROM bindings) AS "count!""#,
        userid.as_str(),
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// Returns the rights that an employed person has under this unionid or, without one, under that of the staff row;
/// those of an administrator precede any other.
pub async fn rights(
    conn: &mut Conn,
    userid: &UserId,
    unionid: Option<&UnionId>,
    listed: &ListedAdmins,
) -> Result<Option<Rights>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT r.role AS "role!", r.departments
         FROM role_right r JOIN staff s ON s.userid = r.userid AND s.unionid = r.unionid AND s.status = 'employed'
         WHERE r.userid = $1 AND r.unionid = coalesce($2, s.unionid)
           AND (r.source = 'granted' OR EXISTS (
               SELECT FROM unnest($3::text[], $4::text[]) AS n (userid, unionid)
               WHERE n.userid = r.userid AND coalesce(n.unionid = r.unionid, true)))
           AND NOT EXISTS (SELECT FROM unmatched_login u WHERE u.unionid = s.unionid AND u.state = 'rejected')
           AND NOT EXISTS (SELECT FROM unmatched_login u
               WHERE u.userid = s.userid AND u.state = 'rejected' AND u.decision_scope = 'person')
         ORDER BY r.role = 'admin' DESC LIMIT 1"#,
        userid.as_str(),
        unionid.map(UnionId::as_str),
        listed.userids(),
        listed.unionids() as &[Option<String>],
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| parse_rights(userid, &row.role, row.departments))
        .transpose()
}

/// Returns whether one of these ids is an administrator's, in force or as long as a leave event that has ended the
/// rights may still prove false.
pub async fn is_administrators(
    conn: &mut Conn,
    userids: &[String],
    unionid: Option<&UnionId>,
    listed: &ListedAdmins,
) -> Result<bool, StoreError> {
    let is_theirs = sqlx::query_scalar!(
        r#"SELECT EXISTS (
             -- A grant that has ended for good has no row.
             SELECT FROM admin_grant WHERE role = 'admin' AND (userid = ANY ($1) OR unionid = $2)
             UNION ALL
             SELECT FROM admin_binding WHERE (ended_at IS NULL OR is_restorable) AND userid = ANY ($3)
                 AND (userid = ANY ($1) OR unionid = $2)
         ) AS "is!""#,
        userids,
        unionid.map(UnionId::as_str),
        listed.userids(),
    )
    .fetch_one(conn)
    .await?;
    Ok(is_theirs)
}

/// Returns how many administrators can sign in: employed under their pair, and not rejected.
pub async fn count(conn: &mut Conn, listed: &ListedAdmins) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(DISTINCT r.userid) AS "count!"
         FROM admin_right r JOIN staff s ON s.userid = r.userid AND s.unionid = r.unionid AND s.status = 'employed'
         WHERE (r.source = 'granted' OR EXISTS (
                   SELECT FROM unnest($1::text[], $2::text[]) AS n (userid, unionid)
                   WHERE n.userid = r.userid AND coalesce(n.unionid = r.unionid, true)))
           AND NOT EXISTS (SELECT FROM unmatched_login u WHERE u.unionid = s.unionid AND u.state = 'rejected')
           AND NOT EXISTS (SELECT FROM unmatched_login u
               WHERE u.userid = s.userid AND u.state = 'rejected' AND u.decision_scope = 'person')"#,
        listed.userids(),
        listed.unionids() as &[Option<String>],
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

fn parse_rights(
    userid: &UserId,
    role: &str,
    departments: Option<Vec<DeptId>>,
) -> Result<Rights, StoreError> {
    let id = || userid.to_string();
    let role = known(Role::parse, ("admin_grant", "role"), id, role)?;
    Ok(Rights::granted(role, departments))
}

/// Finds the rights of a grant that is in force for this pair.
pub async fn granted(
    conn: &mut Conn,
    userid: &UserId,
    unionid: &UnionId,
) -> Result<Option<Rights>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT role, departments FROM admin_grant
         WHERE userid = $1 AND unionid = $2 AND ended_at IS NULL"#,
        userid.as_str(),
        unionid.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| parse_rights(userid, &row.role, row.departments))
        .transpose()
}

/// Grants rights to a pair, in place of any others that the userid had by a grant.
pub async fn upsert(
    conn: &mut Conn,
    userid: &UserId,
    unionid: &UnionId,
    rights: &Rights,
    granted_by: &str,
) -> Result<(), StoreError> {
    let scope = rights.scope();
    sqlx::query!(
        "INSERT INTO admin_grant (userid, unionid, granted_by, role, departments) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (userid) DO UPDATE SET unionid = excluded.unionid, granted_by = excluded.granted_by, granted_at = now(),
             ended_at = NULL, role = excluded.role, departments = excluded.departments",
        userid.as_str(),
        unionid.as_str(),
        granted_by,
        rights.role().as_str(),
        scope.departments(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Revokes a grant; returns its rights, or `None` if there was none.
pub async fn delete(conn: &mut Conn, userid: &UserId) -> Result<Option<Rights>, StoreError> {
    let row = sqlx::query!(
        "DELETE FROM admin_grant WHERE userid = $1 RETURNING role, departments",
        userid.as_str()
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| parse_rights(userid, &row.role, row.departments))
        .transpose()
}

/// Lists all people with a grant or an entry in the setting, by userid.
pub async fn list(conn: &mut Conn, listed: &ListedAdmins) -> Result<Vec<AdminRow>, StoreError> {
    let rows = sqlx::query_as!(
        AdminRecord,
        r#"SELECT a.userid AS "userid!: UserId", s.name AS "name?", coalesce(s.status = 'employed', false) AS "is_employed!",
             s.unionid AS "unionid?: UnionId", g.userid IS NOT NULL AS "is_granted!",
             coalesce(s.status = 'employed' AND s.unionid = g.unionid, false) AS "has_grant!",
             g.role AS "role?", g.departments,
             b.userid IS NOT NULL AS "is_bound!", b.unionid AS "bound_unionid?: UnionId", b.ended_at IS NOT NULL AS "is_ended!"
         FROM (SELECT userid FROM admin_grant WHERE ended_at IS NULL UNION SELECT unnest($1::text[])) AS a (userid)
         LEFT JOIN staff s ON s.userid = a.userid
         LEFT JOIN admin_grant g ON g.userid = a.userid AND g.ended_at IS NULL
         LEFT JOIN admin_binding b ON b.userid = a.userid AND b.userid = ANY ($1)
         ORDER BY a.userid"#,
        listed.userids(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}
