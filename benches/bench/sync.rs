//! A full sync of an empty table, and another one that finds nothing to do, of a small company and of a large one.

use std::time::Duration;

use dingtalk_sim::SimHandle;
use sqlx::{Connection as _, PgConnection, Row as _};

use crate::company::{self, BUDGET_PER_SECOND, DINGTALK_LIMIT, Size};
use crate::copy;
use crate::document::{Document, say};
use crate::program::{self, Ended};
use crate::report::{RATIOS, Ratio};

/// A company that is small enough to say what the program itself takes.
const SMALL: Size = Size {
    departments: 20,
    people: 1_000,
};
pub const LARGE: Size = Size {
    departments: 2_000,
    people: 100_000,
};

/// The APIs that a sync cannot do without.
const APIS: [&str; 2] = ["/topapi/v2/user/list", "/topapi/v2/department/listsub"];

const METHOD: &str = "\
The command `dinggate sync` with a simulated DingTalk that has its own limit of 20 calls a second, once, for the limit bounds
it: the first sync of an empty table, then one that finds no changes. The budget's minimum is the time of the calls to
the API that needs most of them at 18 a second, which is what Dinggate allows itself; DingTalk would allow 20. The
writing is compared with a COPY of the same rows into tables with the same columns and indexes.
";

/// A full sync, and what it is measured by.
struct SyncRun {
    ended: Ended,
    /// The calls to the API that needed most of them.
    calls: f64,
}

impl SyncRun {
    fn to_rate(&self, per_second: f64) -> Ratio {
        Ratio::once(self.ended.took.as_secs_f64() * per_second / self.calls)
    }
}

/// Both syncs of one company.
struct Company {
    first: SyncRun,
    second: SyncRun,
    copied: Duration,
}

impl Company {
    fn peak(&self) -> f64 {
        self.first.ended.peak.max(self.second.ended.peak) as f64
    }
}

/// Measures a small and a large company, and writes the section.
pub async fn measure(databases: [&str; 2], size: Size, document: &Document) {
    say(&format!(
        "A company of {} people, for comparison",
        SMALL.people
    ));
    let small = measure_company(databases[0], SMALL).await;
    say(&format!(
        "\nA company of {} people in {} departments",
        size.people, size.departments
    ));
    let large = measure_company(databases[1], size).await;
    document.write_lines(
        "Full sync",
        &format!("{METHOD}\n{}", table(&small, &large, size.people)),
    );
}

fn table(small: &Company, large: &Company, people: usize) -> String {
    let (first, second) = (&large.first, &large.second);
    let writing = first.ended.phases["writing"].as_secs_f64() / large.copied.as_secs_f64();
    let dingtalk = DINGTALK_LIMIT as f64;
    let rows = [
        first.to_rate(BUDGET_PER_SECOND).row(
            &format!("First sync of {people} people, to the budget's minimum"),
            "≤ 1.1",
        ),
        second
            .to_rate(BUDGET_PER_SECOND)
            .row("The same without changes", "≤ 1.1"),
        first
            .to_rate(dingtalk)
            .row("First sync, to the minimum of DingTalk's limit", "none"),
        second
            .to_rate(dingtalk)
            .row("The same without changes", "none"),
        Ratio::once(writing).row("Writing, to COPY", "none"),
        Ratio::once(large.peak() / small.peak()).row("Peak memory, large to small company", "none"),
    ];
    format!("{RATIOS}{}", rows.concat())
}

async fn measure_company(database: &str, size: Size) -> Company {
    let sim = company::start(size, DINGTALK_LIMIT);
    let first = run(&sim, database, "first full sync").await;
    let copied = copy::measure(database).await;
    line("COPY of the same rows", copied);
    let before = rows_written(database).await;
    let second = run(&sim, database, "full sync without changes").await;
    let after = rows_written(database).await;
    say(&format!(
        "  rows written by it                   {:>9}",
        after - before
    ));
    Company {
        first,
        second,
        copied,
    }
}

async fn run(sim: &SimHandle, database: &str, what: &str) -> SyncRun {
    sim.reset_calls();
    let (cloud, address) = (sim.clone(), database.to_owned());
    let ended = tokio::task::spawn_blocking(move || program::sync(&cloud, &address));
    let ended = ended.await.unwrap();
    say(&format!(
        "  {}",
        ended.out.lines().last().unwrap_or_default()
    ));
    let calls = APIS.map(|api| sim.calls(api));
    let most = calls.into_iter().max().unwrap_or_default() as f64;
    say(&format!("  calls of the two APIs                {calls:?}"));
    line(what, ended.took);
    line(
        "the budget's minimum",
        Duration::from_secs_f64(most / BUDGET_PER_SECOND),
    );
    for phase in ["reading", "planning", "writing"] {
        line(phase, ended.phases[phase]);
    }
    say(&format!(
        "  peak memory                          {:>9.1} MB",
        ended.peak as f64 / 1024.0
    ));
    SyncRun { ended, calls: most }
}

fn line(what: &str, took: Duration) {
    say(&format!("  {what:<36} {:>9.3} s", took.as_secs_f64()));
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
