//! Events, from the first byte sent to the encrypted `success`, against the commit of a bare row.

use std::time::{Duration, Instant};

use dingtalk_sim::{Sim, SimConfig, SimHandle};
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use crate::document::say;
use crate::server::Server;

const EVENTS: usize = 1_000;

/// Measures events and bare rows by turns, so that both meet the same machine.
pub async fn measure(database: &str) {
    let sim = Sim::start(SimConfig::default()).unwrap();
    let serve = Server::dinggate(&sim, database, &[]).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let address = serve.url();
    // The first sync of the small demo company is not to be measured.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut conn = PgConnection::connect(database).await.unwrap();
    sqlx::raw_sql(
        "CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text)",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    let (mut events, mut rows) = (Vec::new(), Vec::new());
    for number in 0..EVENTS {
        events.push(event(&client, &sim, &address, number).await);
        rows.push(row(&mut conn, number).await);
    }
    drop(serve);
    report(events, rows);
}

async fn event(
    client: &reqwest::Client,
    sim: &SimHandle,
    address: &str,
    number: usize,
) -> Duration {
    // Recorded and followed by nothing: the answer alone is measured.
    let event = json!({"EventType": "org_admin_add", "UserId": ["zhangsan01"], "TimeStamp": number.to_string()});
    let push = sim.encrypt_event(&event);
    let url = format!("{address}/dingtalk/events?{}", push.query);
    let begun = Instant::now();
    let answer = client
        .post(url)
        .body(push.body.clone())
        .send()
        .await
        .unwrap();
    let body = answer.text().await.unwrap();
    let took = begun.elapsed();
    sim.check_reply(&body).unwrap();
    took
}

async fn row(conn: &mut PgConnection, number: usize) -> Duration {
    let begun = Instant::now();
    sqlx::query("INSERT INTO bare (body) VALUES ($1)")
        .bind(number.to_string())
        .execute(conn)
        .await
        .unwrap();
    begun.elapsed()
}

fn report(mut events: Vec<Duration>, mut rows: Vec<Duration>) {
    events.sort_unstable();
    rows.sort_unstable();
    for (name, per_mille) in [("median", 500), ("99th of 100", 990)] {
        let (event, row) = (
            events[EVENTS * per_mille / 1000],
            rows[EVENTS * per_mille / 1000],
        );
        let (event, row) = (event.as_secs_f64() * 1e3, row.as_secs_f64() * 1e3);
        say(&format!(
            "  {name:<12} event {event:>8.2} ms   bare row {row:>8.2} ms   {:>6.2} x",
            event / row
        ));
    }
}
