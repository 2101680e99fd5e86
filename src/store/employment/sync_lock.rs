//! The lock of the transaction that applies the plan of a directory sync.

use std::ops::{Deref, DerefMut};

use chrono::{DateTime, Utc};

use super::PeopleLock;
use crate::domain::ids::UserId;
use crate::store::sync_run::{self, Run};
use crate::store::{Conn, StoreError};

/// A transaction of the instance that runs the directory sync: only one sync writes at a time. Rows of people are
/// locked by the statements that write them.
#[derive(Debug)]
pub struct SyncLock<'c> {
    conn: &'c mut Conn,
    run: Run,
}

/// Locks the run for the transaction that applies its plan; returns `None` if it no longer belongs to this instance.
pub async fn lock_sync(conn: &mut Conn, run: Run) -> Result<Option<SyncLock<'_>>, StoreError> {
    let is_held = sync_run::hold(conn, run).await?;
    Ok(is_held.then_some(SyncLock { conn, run }))
}

impl SyncLock<'_> {
    pub fn run(&self) -> Run {
        self.run
    }

    /// Undoes the work's writes on `Err`, without ending the enclosing transaction.
    pub async fn savepoint<T, E: From<StoreError>>(
        &mut self,
        work: impl AsyncFnOnce(&mut SyncLock<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let run = self.run;
        self.conn
            .savepoint(async |conn| work(&mut SyncLock { conn, run }).await)
            .await
    }

    /// Locks those of these people who are employed and have not been observed since `started_at`: the condition of
    /// [`crate::domain::employment::decide`] for an absence in a complete sync.
    pub async fn lock_absent(
        &mut self,
        userids: &[UserId],
        started_at: DateTime<Utc>,
    ) -> Result<(PeopleLock<'_>, Vec<UserId>), StoreError> {
        let ids: Vec<String> = userids
            .iter()
            .map(|userid| userid.as_str().to_owned())
            .collect();
        let absent = sqlx::query_scalar!(
            r#"SELECT userid AS "userid: UserId" FROM staff
             WHERE userid = ANY ($1) AND status = 'employed' AND as_past(observed_at) < $2 AND as_past(created_at) < $2
             ORDER BY userid FOR UPDATE"#,
            &ids,
            started_at,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok((PeopleLock::over(self.conn, &absent), absent))
    }

    /// Locks the people added by the run whose leave event was stored since the run began; returns them with the
    /// time of that event. Must follow [`crate::store::directory::block_leave_events`].
    pub async fn lock_blocked_leavers(
        &mut self,
    ) -> Result<(PeopleLock<'_>, Vec<UserId>, Vec<DateTime<Utc>>), StoreError> {
        let run = self.run;
        let rows = sqlx::query!(
            r#"SELECT s.userid AS "userid: UserId", u.left_at
             FROM staging_change d JOIN unknown_leaver u USING (userid) JOIN staff s USING (userid)
             WHERE d.run_id = $1 AND d.step = 'add' AND NOT d.is_superseded AND s.status = 'employed'
               -- As where people are added: a time from before a step of the clock says nothing about what came after it.
               AND CASE WHEN $2 > clock_timestamp() THEN u.left_at ELSE as_past(u.left_at) END >= $2
             ORDER BY s.userid FOR UPDATE OF s"#,
            run.id,
            run.started_at,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        let (leavers, left_at): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .map(|row| (row.userid, row.left_at))
            .unzip();
        Ok((PeopleLock::over(self.conn, &leavers), leavers, left_at))
    }
}

impl Deref for SyncLock<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        self.conn
    }
}

impl DerefMut for SyncLock<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn
    }
}
