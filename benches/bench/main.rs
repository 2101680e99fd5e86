//! What the product's heavy duties take, each as a ratio to a yardstick of the same run: a full sync to the least time
//! that DingTalk's limit of calls allows and to a plain COPY of the same rows, an event to the commit of a bare row,
//! and many events to a minimal handler. `make bench` runs it, and it writes `docs/benchmarks.md`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a measurement reads what the product wrote in its own way"
)]

mod callback;
mod copy;
mod events;
mod program;
mod report;
mod sync;

use std::time::Duration;

use report::say;
use sqlx::{Connection as _, PgConnection};

/// A company that is small enough to say what the program takes by itself.
const SMALL: Size = Size {
    departments: 20,
    people: 1_000,
};
const LARGE: Size = Size {
    departments: 2_000,
    people: 100_000,
};

#[derive(Clone, Copy)]
struct Size {
    departments: usize,
    people: usize,
}

fn main() {
    // The yardstick of the events is a process of its own, because its CPU time is measured.
    if let Ok(role) = std::env::var(events::ROLE) {
        events::serve(&role);
        return;
    }
    tokio::runtime::Runtime::new().unwrap().block_on(measure());
}

/// Measures the parts named in `PARTS`, by default all.
async fn measure() {
    let server = std::env::var("DATABASE_URL").unwrap();
    let parts = std::env::var("PARTS").unwrap_or_default();
    let is_asked =
        |part: &str| parts.is_empty() || parts.split_whitespace().any(|asked| asked == part);
    if is_asked("events") {
        println!("Events, as many as are answered and half as many");
        events::measure(&database(&server, "load").await).await;
        measure_single_events(&server).await;
    }
    if is_asked("sync") {
        measure_syncs(&server).await;
    }
}

async fn measure_single_events(server: &str) {
    say("\nEvents, one after another");
    callback::measure(&database(server, "events").await).await;
    report::write_lines(
        "Single events",
        "An event sent alone, from the first byte to the encrypted reply, against the commit of a bare row.",
    );
}

async fn measure_syncs(server: &str) {
    let large = Size {
        departments: asked("DEPARTMENTS").unwrap_or(LARGE.departments),
        people: asked("PEOPLE").unwrap_or(LARGE.people),
    };
    say(&format!(
        "A company of {} people, for comparison",
        SMALL.people
    ));
    let small = sync::measure(&database(server, "small").await, SMALL).await;
    say(&format!(
        "\nA company of {} people in {} departments",
        large.people, large.departments
    ));
    let peak = sync::measure(&database(server, "large").await, large).await;
    say(&format!(
        "  peak memory, large to small          {:>9.2} x",
        peak as f64 / small as f64
    ));
    report::write_lines(
        "Full sync",
        "Against the least time that DingTalk's limit of calls allows, and against a plain COPY of the same rows. Once.",
    );
}

fn asked(name: &str) -> Option<usize> {
    let text = std::env::var(name).unwrap_or_default();
    (!text.is_empty()).then(|| text.parse().unwrap())
}

/// Makes an empty database with the schema in place, and gives its address.
async fn database(server: &str, name: &str) -> String {
    let (root, _) = server.rsplit_once('/').unwrap();
    let mut conn = PgConnection::connect(server).await.unwrap();
    for statement in [
        format!("DROP DATABASE IF EXISTS bench_{name}"),
        format!("CREATE DATABASE bench_{name}"),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&mut conn)
            .await
            .unwrap();
    }
    let address = format!("{root}/bench_{name}");
    let mut conn = PgConnection::connect(&address).await.unwrap();
    dinggate::store::migrations::MIGRATOR
        .run(&mut conn)
        .await
        .unwrap();
    address
}

fn line(what: &str, took: Duration) {
    say(&format!("  {what:<36} {:>9.3} s", took.as_secs_f64()));
}

fn ratio(what: &str, took: Duration, yardstick: Duration) {
    say(&format!(
        "  {what:<36} {:>9.2} x",
        took.as_secs_f64() / yardstick.as_secs_f64()
    ));
}
