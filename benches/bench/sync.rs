//! A full sync of an empty table, and another one that finds nothing to do.

use std::time::Duration;

use dingtalk_sim::{Sim, SimConfig, SimHandle, company};
use sqlx::{Connection as _, PgConnection, Row as _};

use super::program::{self, Ended};
use super::report::say;
use super::{Size, copy, line, ratio};

/// What DingTalk lets through in any second, for each interface.
const CALLS_PER_SECOND: f64 = 20.0;
/// The interfaces that a sync cannot do without.
const INTERFACES: [&str; 2] = ["/topapi/v2/user/list", "/topapi/v2/department/listsub"];

/// Measures both syncs; gives the most memory that either has held, in kB.
pub async fn measure(database: &str, size: Size) -> u64 {
    let sim = Sim::start(SimConfig {
        directory: Some(company::large(size.departments, size.people).unwrap()),
        ..SimConfig::default()
    })
    .unwrap();
    let first = run(&sim, database, "first full sync").await;
    let writing = first.phases["writing"];
    let copied = copy::measure(database).await;
    line("COPY of the same rows", copied);
    ratio("writing, to COPY", writing, copied);
    let before = rows_written(database).await;
    let second = run(&sim, database, "full sync without changes").await;
    let after = rows_written(database).await;
    say(&format!(
        "  rows written by it                   {:>9}",
        after - before
    ));
    first.peak.max(second.peak)
}

async fn run(sim: &SimHandle, database: &str, what: &str) -> Ended {
    sim.reset_calls();
    let (cloud, address) = (sim.clone(), database.to_owned());
    let ended = tokio::task::spawn_blocking(move || program::sync(&cloud, &address));
    let ended = ended.await.unwrap();
    say(&format!(
        "  {}",
        ended.out.lines().last().unwrap_or_default()
    ));
    let most = INTERFACES
        .iter()
        .map(|path| sim.calls(path))
        .max()
        .unwrap_or_default();
    let least = Duration::from_secs_f64(most as f64 / CALLS_PER_SECOND);
    line(what, ended.took);
    line("least that the limit of calls allows", least);
    ratio("to that", ended.took, least);
    line("reading", ended.phases["reading"]);
    line("planning", ended.phases["planning"]);
    line("writing", ended.phases["writing"]);
    say(&format!(
        "  peak memory                          {:>9.1} MB",
        ended.peak as f64 / 1024.0
    ));
    ended
}

/// How many rows of the directory's tables were ever inserted, changed or deleted.
async fn rows_written(database: &str) -> i64 {
    // Postgres gathers its statistics with a delay.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut conn = PgConnection::connect(database).await.unwrap();
    let sum = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_user_tables
         WHERE relname IN ('staff', 'staff_department', 'department', 'audit_entry', 'sync_change')";
    sqlx::query(sum).fetch_one(&mut conn).await.unwrap().get(0)
}
