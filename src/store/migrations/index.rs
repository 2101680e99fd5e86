//! Cleans up after an interrupted CREATE INDEX CONCURRENTLY.

use sqlx::migrate::Migration;
use sqlx::{AssertSqlSafe, Executor as _};

use crate::store::Conn;

/// Drops the migration's index if it is invalid: IF NOT EXISTS would accept it as complete.
pub async fn drop_invalid(conn: &mut Conn, migration: &Migration) -> Result<(), sqlx::Error> {
    let Some(index) = name(migration.sql.as_str()) else {
        return Ok(());
    };
    let is_invalid = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM pg_index
           WHERE indexrelid = to_regclass($1) AND NOT indisvalid) AS "is_invalid!""#,
        index
    )
    .fetch_one(&mut *conn)
    .await?;
    if is_invalid {
        tracing::info!(index, "rebuilding an incomplete index");
        let drop = format!("DROP INDEX CONCURRENTLY {index}");
        conn.execute(AssertSqlSafe(drop)).await?;
    }
    Ok(())
}

/// Returns the name of the index that a migration of this one statement creates.
fn name(sql: &str) -> Option<&str> {
    let code = sql
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"));
    let words: Vec<&str> = code.flat_map(str::split_whitespace).collect();
    let at = words
        .windows(4)
        .position(|four| four == ["CONCURRENTLY", "IF", "NOT", "EXISTS"])?;
    words.get(at + 4).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_index_is_found() {
        let sql = "-- no-transaction\n-- CREATE INDEX CONCURRENTLY IF NOT EXISTS other ON a (b);\n\
                   CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS staff_name\n    ON staff (name);\n";
        assert_eq!(name(sql), Some("staff_name"));
        assert_eq!(name("ALTER TABLE staff ADD COLUMN a text;"), None);
    }
}
