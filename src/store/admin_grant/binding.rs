//! Bindings of the entries of `DINGGATE_ADMINS` to the accounts that they mean.

use crate::domain::ids::{UnionId, UserId};
use crate::domain::listed_admins::ListedAdmins;
use crate::store::{Conn, StoreError};

/// What the setting's entry of a userid was bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// `None` if DingTalk did not know the userid.
    pub unionid: Option<UnionId>,
    pub is_ended: bool,
}

/// Returns those of these userids whose entry in the setting was never bound.
pub async fn unbound(conn: &mut Conn, listed: &ListedAdmins) -> Result<Vec<UserId>, StoreError> {
    let userids = sqlx::query_scalar!(
        r#"SELECT n.userid AS "userid!: UserId" FROM unnest($1::text[]) AS n (userid)
         WHERE NOT EXISTS (SELECT FROM admin_binding b WHERE b.userid = n.userid) ORDER BY n.userid"#,
        listed.userids(),
    )
    .fetch_all(conn)
    .await?;
    Ok(userids)
}

/// Binds the setting's entry of a userid, once; returns false if it was bound before. The binding is ended from the
/// start if the employment had already ended.
pub async fn bind(
    conn: &mut Conn,
    userid: &UserId,
    unionid: Option<&UnionId>,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "INSERT INTO admin_binding (userid, unionid, ended_at, is_restorable)
         SELECT $1, $2, l.left_at, coalesce(l.is_event, false)
         FROM (SELECT 1) one LEFT JOIN (
             SELECT left_at, left_cause = 'event' AS is_event FROM staff WHERE userid = $1 AND status = 'left'
             UNION ALL SELECT left_at, true FROM unknown_leaver WHERE userid = $1 LIMIT 1
         ) l ON true
         ON CONFLICT (userid) DO NOTHING",
        userid.as_str(),
        unionid.map(UnionId::as_str),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Binds the setting's entry of a userid to this unionid, whatever it was bound to before; returns false if it is
/// already in force with it.
pub async fn rebind(
    conn: &mut Conn,
    userid: &UserId,
    unionid: &UnionId,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "INSERT INTO admin_binding AS b (userid, unionid) VALUES ($1, $2)
         ON CONFLICT (userid) DO UPDATE SET unionid = excluded.unionid, bound_at = now(), ended_at = NULL, is_restorable = false
         WHERE b.ended_at IS NOT NULL OR b.unionid IS DISTINCT FROM excluded.unionid",
        userid.as_str(),
        unionid.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Finds the binding of the setting's entry of a userid.
pub async fn binding(conn: &mut Conn, userid: &UserId) -> Result<Option<Binding>, StoreError> {
    let binding = sqlx::query_as!(
        Binding,
        r#"SELECT unionid AS "unionid: UnionId", ended_at IS NOT NULL AS "is_ended!" FROM admin_binding WHERE userid = $1"#,
        userid.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(binding)
}
