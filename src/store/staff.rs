//! The staff table: who works here.

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::StoreError;
use super::record::record;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::Status;

/// The unique index on the unionid of employed people.
pub const EMPLOYED_UNIONID: &str = "staff_employed_unionid";

record! {
    /// The columns of a staff row that decide about access.
    #[derive(Debug, Clone)]
    pub struct StaffRow from StaffRecord in "staff" by userid {
        pub userid: UserId,
        pub unionid: Option<UnionId>,
        pub name: String,
        /// Marked as left by an administrator; only a restore ends this.
        pub is_held: bool,
        /// When the data in this row was requested from DingTalk.
        pub observed_at: DateTime<Utc>,
        pub created_at: DateTime<Utc>,
    }
    closed {
        pub status: Status,
    }
}

/// Selects [`StaffRow`]s by a condition.
macro_rules! staff_row {
    ($condition:literal, $argument:expr) => {
        sqlx::query_as!(
            StaffRecord,
            r#"SELECT userid AS "userid: UserId", unionid AS "unionid: UnionId", name, status,
                held_at IS NOT NULL AS "is_held!", greatest(as_past(observed_at), '0001-01-01') AS "observed_at!",
                as_past(created_at) AS "created_at!"
             FROM staff "# + $condition,
            $argument
        )
    };
}

/// Returns Postgres's clock, which all instances share.
pub async fn now(conn: &mut Conn) -> Result<DateTime<Utc>, StoreError> {
    Ok(sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!""#)
        .fetch_one(conn)
        .await?)
}

/// Finds a person by userid.
pub async fn find(conn: &mut Conn, userid: &UserId) -> Result<Option<StaffRow>, StoreError> {
    let row = staff_row!(r#"WHERE userid = $1"#, userid.as_str())
        .fetch_optional(conn)
        .await?;
    row.map(TryInto::try_into).transpose()
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
    let row = staff_row!(r#"WHERE userid = $1 FOR UPDATE"#, userid.as_str())
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

/// Finds the row with a unionid: the employed one, else the one that left last.
pub async fn find_by_unionid(
    conn: &mut Conn,
    unionid: &UnionId,
) -> Result<Option<StaffRow>, StoreError> {
    let row = staff_row!(
        r#"WHERE unionid = $1 ORDER BY status = 'employed' DESC, left_at DESC LIMIT 1"#,
        unionid.as_str()
    )
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// Returns those of these people whose rows no other transaction is writing, and locks them until the end of this one.
/// A full sync may write a row for a minute.
pub async fn lock_unwritten(
    conn: &mut Conn,
    userids: &[UserId],
) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<&str> = userids.iter().map(UserId::as_str).collect();
    let locked = sqlx::query_scalar!(
        r#"SELECT userid AS "userid: UserId" FROM staff WHERE userid = ANY ($1)
         ORDER BY userid FOR NO KEY UPDATE SKIP LOCKED"#,
        &ids as &[&str]
    )
    .fetch_all(conn)
    .await?;
    Ok(locked)
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
