//! Simulated companies.

use std::time::{Duration, Instant};

use dingtalk_sim::{Sim, SimConfig, SimHandle, company};
use sqlx::{Connection as _, PgConnection};

/// The calls that DingTalk lets through in any second, for each API.
pub const DINGTALK_LIMIT: usize = 20;

/// The calls that Dinggate makes in any second, for each API: its budget.
pub const BUDGET_PER_SECOND: f64 = 18.0;

#[derive(Clone, Copy)]
pub struct Size {
    pub departments: usize,
    pub people: usize,
}

/// Starts a DingTalk with a company of this size and this limit of calls.
pub fn start(size: Size, calls_per_second: usize) -> SimHandle {
    Sim::start(SimConfig {
        directory: Some(company::large(size.departments, size.people).unwrap()),
        calls_per_second,
        ..SimConfig::default()
    })
    .unwrap()
}

/// The first sync of 3,000 people takes seconds.
const FIRST_SYNC_LIMIT: Duration = Duration::from_mins(5);

/// Waits until the first full sync has brought all people.
pub async fn wait_for_first_sync(database: &str, size: Size) {
    let mut conn = PgConnection::connect(database).await.unwrap();
    let done =
        "SELECT count(*) = $1 AND EXISTS (SELECT FROM sync_run WHERE state = 'done') FROM staff";
    let begun = Instant::now();
    loop {
        let is_done: bool = sqlx::query_scalar(done)
            .bind(i64::try_from(size.people).unwrap())
            .fetch_one(&mut conn)
            .await
            .unwrap();
        if is_done {
            return;
        }
        assert!(
            begun.elapsed() < FIRST_SYNC_LIMIT,
            "the first sync does not end"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
