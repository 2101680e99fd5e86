//! The statements of an idle instance, from Postgres's log.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};

use crate::report::{RATIOS, Ratio, statement_of};

/// The file of Postgres's log, whose lines begin with the database's name.
const LOG: &str = "BENCH_POSTGRES_LOG";
const REST: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_mins(1);
/// One poll a second.
const POLLS: f64 = 60.0;
/// How many different statements the report names.
const NAMED: usize = 12;

/// Counts what is asked of this database within a minute; returns a table.
pub async fn count(database: &str) -> String {
    let (root, name) = database.rsplit_once('/').unwrap();
    let mut conn = PgConnection::connect(&format!("{root}/postgres"))
        .await
        .unwrap();
    set_log(&mut conn, "all").await;
    // Also connections that are open already follow.
    tokio::time::sleep(REST).await;
    let file = std::env::var(LOG).unwrap();
    let before = fs::read_to_string(&file).unwrap().len();
    tokio::time::sleep(MINUTE).await;
    let log = fs::read_to_string(&file).unwrap();
    set_log(&mut conn, "none").await;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for line in log[before..].lines() {
        if let Some(statement) = statement_of(line, name) {
            *seen.entry(statement).or_default() += 1;
        }
    }
    report(seen)
}

async fn set_log(conn: &mut PgConnection, what: &str) {
    let statement = format!("ALTER SYSTEM SET log_statement = '{what}'");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
        .execute(&mut *conn)
        .await
        .unwrap();
    sqlx::raw_sql("SELECT pg_reload_conf()")
        .execute(conn)
        .await
        .unwrap();
}

fn report(seen: BTreeMap<&str, usize>) -> String {
    let all: usize = seen.values().sum();
    let row =
        Ratio::once(all as f64 / POLLS).row("Statements of an idle instance in a minute", "≤ 1");
    let mut text = format!("{RATIOS}{row}\n{all} statements in a minute:\n\n```text\n");
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (statement, count) in seen.iter().take(NAMED) {
        println!("  {count:>5} {statement}");
        writeln!(text, "{count:>5} {statement}").unwrap();
    }
    text + "```\n"
}
