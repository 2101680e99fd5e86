//! The lock that allows one instance at a time to migrate.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::MigrationError;
use crate::store::{Conn, StoreError};

/// Interval between attempts to take the lock.
const PERIOD: Duration = Duration::from_millis(250);

/// Takes the lock for the session, as soon as it is free.
///
/// It polls: CREATE INDEX CONCURRENTLY waits for every open transaction, and a statement that waits for the lock is
/// one.
pub async fn take(conn: &mut Conn, patience: Duration) -> Result<(), MigrationError> {
    let end = Instant::now() + patience;
    let database = sqlx::query_scalar!(r#"SELECT current_database() AS "name!""#)
        .fetch_one(&mut *conn)
        .await
        .map_err(StoreError::from)?;
    let id = id(&database);
    let mut has_told = false;
    while !try_take(conn, id).await? {
        if Instant::now() >= end {
            return Err(MigrationError::Busy);
        }
        if !has_told {
            tracing::info!("waiting for another instance to finish migrating");
            has_told = true;
        }
        sleep(PERIOD).await;
    }
    Ok(())
}

async fn try_take(conn: &mut Conn, id: i64) -> Result<bool, StoreError> {
    let is_ours = sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "is_ours!""#, id)
        .fetch_one(conn)
        .await?;
    Ok(is_ours)
}

/// Returns the key of the lock that sqlx's own `Migrator::run` takes, which versions up to 0.1.0 call.
fn id(database: &str) -> i64 {
    0x3d32_ad9e * i64::from(crc32(database.as_bytes()))
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
        crc
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zip_and_png() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
