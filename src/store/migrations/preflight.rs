//! Checks before a database is used.

use super::MigrationError;
use crate::store::{Conn, Db, Pooler, StoreError};

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Fails if statements reach the server in another way than the settings say.
pub async fn way(db: &Db) -> Result<(), MigrationError> {
    if db.pooler() == Pooler::Off && db.is_pooled_unawares().await? {
        return Err(MigrationError::UnknownPooler);
    }
    Ok(())
}

/// Fails if this version cannot work with the contents of the database.
pub async fn database(conn: &mut Conn) -> Result<(), MigrationError> {
    let encoding = encoding(conn).await?;
    if encoding != "UTF8" {
        return Err(MigrationError::Encoding(encoding));
    }
    match min_version(conn).await? {
        Some(min_version) if !suffices(VERSION, &min_version) => {
            Err(MigrationError::TooOld { min_version })
        }
        _ => Ok(()),
    }
}

/// Returns the encoding in which the database stores text.
pub async fn encoding(conn: &mut Conn) -> Result<String, StoreError> {
    let encoding = sqlx::query_scalar!(r#"SELECT current_setting('server_encoding') AS "name!""#)
        .fetch_one(conn)
        .await?;
    Ok(encoding)
}

/// Returns the oldest version that may work with the database, if a migration has recorded one.
pub async fn min_version(conn: &mut Conn) -> Result<Option<String>, StoreError> {
    let exists =
        sqlx::query_scalar!(r#"SELECT to_regclass('schema_requirement') IS NOT NULL AS "exists!""#)
            .fetch_one(&mut *conn)
            .await?;
    if !exists {
        return Ok(None);
    }
    let version = sqlx::query_scalar!("SELECT min_version FROM schema_requirement")
        .fetch_optional(conn)
        .await?;
    Ok(version)
}

/// Returns whether a version is at least the wanted one; false if either cannot be parsed.
pub fn suffices(version: &str, wanted: &str) -> bool {
    match (numbers(version), numbers(wanted)) {
        (Some(version), Some(wanted)) => version >= wanted,
        _ => false,
    }
}

/// Parses the numbers of a version; a suffix such as `-rc.1` is ignored.
fn numbers(version: &str) -> Option<Vec<u32>> {
    let plain = version.split(['-', '+']).next()?;
    let numbers: Option<Vec<u32>> = plain.split('.').map(|part| part.parse().ok()).collect();
    numbers.filter(|numbers| numbers.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (version, wanted, is_enough) in [
            ("0.1.0", "0.1.0", true),
            ("0.10.0", "0.9.9", true),
            ("0.9.9", "0.10.0", false),
            ("1.0.0", "0.99.99", true),
            ("1.2.3-rc.1", "1.2.3", true),
            ("1.2.3", "1.2", false),
            ("1.2.3", "soon", false),
        ] {
            assert_eq!(suffices(version, wanted), is_enough, "{version} {wanted}");
        }
    }
}
