//! Leases on claimed work. The SQL functions `lease_end` and `is_free` set and check every lease.

use std::time::Duration;

/// How long a lease lasts without renewal; `lease_end` uses the same value.
pub const LEASE: Duration = Duration::from_secs(8);
/// How often a lease is renewed while the work continues.
pub const HEARTBEAT: Duration = Duration::from_secs(2);

/// Defines the statements that renew and release the leases of one table. `open` is the condition of rows with work
/// left, and `undo` what else is set when a claim is released as if it had never been made. Rows are locked in the
/// order of one column, the same in all statements that lock several rows of the table, so that two cannot deadlock.
macro_rules! leases {
    ($table:tt, order: $order:tt, open: $open:tt, undo: $undo:tt) => {
        /// Renews the leases of this instance's claims, except those that another transaction is changing; returns
        /// how many.
        pub async fn renew(
            conn: &mut $crate::store::Conn,
            instance: uuid::Uuid,
            ids: &[i64],
        ) -> Result<u64, $crate::store::StoreError> {
            let done = sqlx::query!(
                "UPDATE " + $table + " SET claimed_until = lease_end()
                 WHERE id IN (SELECT id FROM " + $table + " WHERE id = ANY ($1) AND claimed_by = $2 AND " + $open
                    + " ORDER BY " + $order + " FOR UPDATE SKIP LOCKED)",
                ids,
                instance,
            )
            .execute(conn)
            .await?;
            Ok(done.rows_affected())
        }

        /// Releases all claims of a stopping process, so that another one can continue at once.
        pub async fn release_all(
            conn: &mut $crate::store::Conn,
            instance: uuid::Uuid,
        ) -> Result<(), $crate::store::StoreError> {
            sqlx::query!(
                "UPDATE " + $table + " SET claimed_by = NULL, claimed_until = NULL" + $undo
                    + " WHERE id IN (SELECT id FROM " + $table + " WHERE claimed_by = $1 AND " + $open
                    + " ORDER BY " + $order + " FOR UPDATE)",
                instance,
            )
            .execute(conn)
            .await?;
            Ok(())
        }
    };
    ($table:tt, order: $order:tt, open: $open:tt, undo: $undo:tt, due: $due:tt) => {
        $crate::store::lease::leases!($table, order: $order, open: $open, undo: $undo);

        /// Releases claims as if they had never been made; they can be claimed again after `delay`.
        pub async fn release(
            conn: &mut $crate::store::Conn,
            instance: uuid::Uuid,
            ids: &[i64],
            delay: std::time::Duration,
        ) -> Result<(), $crate::store::StoreError> {
            if ids.is_empty() {
                return Ok(());
            }
            sqlx::query!(
                "UPDATE " + $table + " SET claimed_by = NULL, claimed_until = NULL" + $undo + ", "
                    + $due + " = greatest(" + $due + ", clock_timestamp() + make_interval(secs => $3))
                 WHERE id IN (SELECT id FROM " + $table + " WHERE id = ANY ($1) AND claimed_by = $2 AND " + $open
                    + " ORDER BY " + $order + " FOR UPDATE)",
                ids,
                instance,
                delay.as_secs_f64(),
            )
            .execute(conn)
            .await?;
            Ok(())
        }
    };
}

pub(in crate::store) use leases;
