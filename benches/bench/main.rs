//! How long the product's two heavy duties take, each as a ratio to a yardstick of the same run: a full
//! sync to the least time that DingTalk's limit of calls allows and to a plain COPY of the same rows,
//! and an event to the commit of a bare row. `make bench` runs it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a measurement reads what the product wrote in its own way"
)]

mod callback;
mod copy;
mod program;
mod sync;

use std::time::Duration;

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

#[tokio::main]
async fn main() {
    let server = std::env::var("DATABASE_URL").unwrap();
    let large = Size {
        departments: asked("DEPARTMENTS").unwrap_or(LARGE.departments),
        people: asked("PEOPLE").unwrap_or(LARGE.people),
    };
    println!("A company of {} people, for comparison", SMALL.people);
    let small = sync::measure(&database(&server, "small").await, SMALL).await;
    println!(
        "\nA company of {} people in {} departments",
        large.people, large.departments
    );
    let address = database(&server, "large").await;
    let peak = sync::measure(&address, large).await;
    println!(
        "  peak memory, large to small          {:>9.2} x",
        peak as f64 / small as f64
    );
    println!("\nEvents, one after another");
    callback::measure(&database(&server, "events").await).await;
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
    println!("  {what:<36} {:>9.3} s", took.as_secs_f64());
}

fn ratio(what: &str, took: Duration, yardstick: Duration) {
    println!(
        "  {what:<36} {:>9.2} x",
        took.as_secs_f64() / yardstick.as_secs_f64()
    );
}
