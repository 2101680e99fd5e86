//! Who works here: the locks that precede a decision about a person's employment, and the rows that it is made from.
//! All that write take a lock that only the functions here create; [`crate::domain::employment`] has the rule.

mod sync_lock;
mod write;

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::staff::{self, StaffRow};
use super::{Conn, StoreError};
use crate::domain::employment::{Current, Row};
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::Status;

pub use sync_lock::{SyncLock, lock_sync};
pub use write::{
    employ, forget_unknown_leaver, record_leave, release_unionids, remember_unknown_leavers,
    terminate, terminate_at, terminate_by_hand, update,
};

/// A transaction that has locked these people: until it ends, no other transaction decides about them.
#[derive(Debug)]
pub struct PeopleLock<'c> {
    conn: &'c mut Conn,
    userids: Arc<HashSet<UserId>>,
}

/// Locks people with one transaction-level advisory lock per userid: without it a leave event and the first row of a
/// person would not see each other. Must precede any row lock.
pub async fn lock_people<'c>(
    conn: &'c mut Conn,
    userids: &[UserId],
) -> Result<PeopleLock<'c>, StoreError> {
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(key) FROM (
             SELECT DISTINCT hashtextextended(id, 0) AS key FROM unnest($1::text[]) AS id ORDER BY key
         ) keys",
        &ids
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(PeopleLock::over(conn, userids))
}

impl<'c> PeopleLock<'c> {
    fn over(conn: &'c mut Conn, userids: &[UserId]) -> Self {
        let userids = Arc::new(userids.iter().cloned().collect());
        Self { conn, userids }
    }

    /// Undoes the work's writes on `Err`, without ending the enclosing transaction.
    pub async fn savepoint<T, E: From<StoreError>>(
        &mut self,
        work: impl AsyncFnOnce(&mut PeopleLock<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let userids = Arc::clone(&self.userids);
        self.conn
            .savepoint(async |conn| work(&mut PeopleLock { conn, userids }).await)
            .await
    }

    /// Fails if one of these people is not locked.
    fn require(&self, userids: &[UserId]) -> Result<(), StoreError> {
        match userids.iter().find(|id| !self.userids.contains(id)) {
            None => Ok(()),
            Some(userid) => Err(StoreError::NotLocked(userid.as_str().to_owned())),
        }
    }
}

impl Deref for PeopleLock<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        self.conn
    }
}

impl DerefMut for PeopleLock<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn
    }
}

/// What the tables hold of a person.
#[derive(Debug, Clone)]
pub struct PersonState {
    pub current: Current,
    pub row: Option<StaffRow>,
    /// Another userid with the same unionid that an administrator marked as left.
    pub held_elsewhere: Option<UserId>,
}

/// Reads a locked person who would get this unionid, and locks the row until the commit. `asked_at` is the time of
/// the observation to decide on.
pub async fn read(
    people: &mut PeopleLock<'_>,
    userid: &UserId,
    unionid: Option<&UnionId>,
    asked_at: DateTime<Utc>,
) -> Result<PersonState, StoreError> {
    people.require(std::slice::from_ref(userid))?;
    let row = staff::lock(people, userid).await?;
    state(people, userid, row, unionid, asked_at).await
}

/// Reads a person without a lock, for an answer that writes nothing.
pub async fn read_unlocked(
    conn: &mut Conn,
    userid: &UserId,
    unionid: Option<&UnionId>,
    asked_at: DateTime<Utc>,
) -> Result<PersonState, StoreError> {
    let row = staff::find(conn, userid).await?;
    state(conn, userid, row, unionid, asked_at).await
}

/// Reads and locks the rows of all locked people, for a decision that needs neither unionid nor leave time.
pub async fn read_rows(people: &mut PeopleLock<'_>) -> Result<Vec<(UserId, Current)>, StoreError> {
    let ids: Vec<String> = people
        .userids
        .iter()
        .map(|id| id.as_str().to_owned())
        .collect();
    // Ordered, as in all code that locks several rows.
    let rows = sqlx::query!(
        r#"SELECT userid AS "userid: UserId", status, left_at, held_at IS NOT NULL AS "is_held!",
            greatest(as_past(observed_at), '0001-01-01') AS "observed_at!", as_past(created_at) AS "created_at!"
         FROM staff WHERE userid = ANY ($1) ORDER BY userid FOR UPDATE"#,
        &ids
    )
    .fetch_all(&mut *people.conn)
    .await?;
    let current = |row: Option<Row>, left_at| Current {
        row,
        left_at,
        is_held_elsewhere: false,
    };
    let mut found: Vec<(UserId, Current)> = Vec::with_capacity(ids.len());
    for row in rows {
        let state = Row {
            // The table's CHECK allows no third value; an unknown one denies access.
            status: Status::parse(&row.status).unwrap_or(Status::Left),
            is_held: row.is_held,
            observed_at: row.observed_at,
            created_at: row.created_at,
            has_unionid: true,
        };
        found.push((row.userid, current(Some(state), row.left_at)));
    }
    let known: HashSet<UserId> = found.iter().map(|(userid, _)| userid.clone()).collect();
    let others = people.userids.iter().filter(|id| !known.contains(id));
    found.extend(others.map(|userid| (userid.clone(), current(None, None))));
    Ok(found)
}

async fn state(
    conn: &mut Conn,
    userid: &UserId,
    row: Option<StaffRow>,
    unionid: Option<&UnionId>,
    asked_at: DateTime<Utc>,
) -> Result<PersonState, StoreError> {
    let left_at = sqlx::query_scalar!(
        // If the clock was set back to before `asked_at`, both times are from before the step.
        "SELECT CASE WHEN $2 > clock_timestamp() THEN l.left_at ELSE as_past(l.left_at) END AS left_at
         FROM (SELECT left_at FROM staff WHERE userid = $1 AND status = 'left'
               UNION ALL SELECT left_at FROM unknown_leaver WHERE userid = $1) AS l
         ORDER BY 1 DESC LIMIT 1",
        userid.as_str(),
        asked_at
    )
    .fetch_optional(&mut *conn)
    .await?
    .flatten();
    let held_elsewhere = held_elsewhere(conn, userid, unionid).await?;
    let current = Current {
        row: row.as_ref().map(|row| Row {
            status: row.status,
            is_held: row.is_held,
            observed_at: row.observed_at,
            created_at: row.created_at,
            has_unionid: row.unionid.as_ref() == unionid,
        }),
        left_at,
        is_held_elsewhere: held_elsewhere.is_some(),
    };
    Ok(PersonState {
        current,
        row,
        held_elsewhere,
    })
}

/// Finds another userid with this unionid that an administrator marked as left: the decision is about the person,
/// not the userid.
async fn held_elsewhere(
    conn: &mut Conn,
    userid: &UserId,
    unionid: Option<&UnionId>,
) -> Result<Option<UserId>, StoreError> {
    let userid = sqlx::query_scalar!(
        r#"SELECT userid AS "userid: UserId" FROM staff
         WHERE unionid = $1 AND userid <> $2 AND held_at IS NOT NULL LIMIT 1"#,
        unionid.map(UnionId::as_str),
        userid.as_str()
    )
    .fetch_optional(conn)
    .await?;
    Ok(userid)
}

#[cfg(test)]
mod tests;
