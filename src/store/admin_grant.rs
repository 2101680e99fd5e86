//! Who has been made an administrator, beside those whom the settings name.

use crate::store::Conn;

use super::StoreError;
use crate::domain::ids::UserId;

/// One administrator, be it by the settings or by a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminRow {
    pub userid: UserId,
    /// None where the staff table does not hold the person.
    pub name: Option<String>,
    pub is_granted: bool,
}

/// Whether the person was made an administrator.
pub async fn exists(conn: &mut Conn, userid: &UserId) -> Result<bool, StoreError> {
    let exists = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM admin_grant WHERE userid = $1) AS "exists!""#,
        userid.as_str()
    )
    .fetch_one(conn)
    .await?;
    Ok(exists)
}

/// Makes a person an administrator; false where they were one by a grant already.
pub async fn insert(
    conn: &mut Conn,
    userid: &UserId,
    granted_by: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "INSERT INTO admin_grant (userid, granted_by) VALUES ($1, $2) ON CONFLICT (userid) DO NOTHING",
        userid.as_str(),
        granted_by
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Takes a grant back; false where there was none.
pub async fn delete(conn: &mut Conn, userid: &UserId) -> Result<bool, StoreError> {
    let done = sqlx::query!("DELETE FROM admin_grant WHERE userid = $1", userid.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// All administrators by userid: those with a grant, and those of the given userids.
pub async fn list(conn: &mut Conn, from_settings: &[String]) -> Result<Vec<AdminRow>, StoreError> {
    let rows = sqlx::query_as!(
        AdminRow,
        r#"SELECT a.userid AS "userid!: UserId", s.name AS "name?", g.userid IS NOT NULL AS "is_granted!"
         FROM (SELECT userid FROM admin_grant UNION SELECT unnest($1::text[])) AS a (userid)
         LEFT JOIN staff s ON s.userid = a.userid
         LEFT JOIN admin_grant g ON g.userid = a.userid
         ORDER BY a.userid"#,
        from_settings
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
