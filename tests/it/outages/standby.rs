//! A server that answers but takes no writes, as after a failover that went to the wrong one.

use std::time::Duration;

use dingtalk_sim::company;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{TestApp, eventually};

const SET: &str = "DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
END $$";
const RESET: &str = "SET TRANSACTION READ WRITE; DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', current_database());
END $$";
/// A statement of its own: who connects before the other's commit would still find what was set before.
const CUT_OFF: &str = "DO $$ BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
END $$";

#[sqlx::test]
async fn a_server_that_takes_no_writes_is_not_ready_and_loses_nothing(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.execute(SET).await;
    app.execute(CUT_OFF).await;
    let anybody = app.browser();
    let ready = anybody.clone().get("/readyz").await;
    assert_eq!(ready.status, 503, "{}", ready.body);
    assert!(ready.body.contains("takes no writes"), "{}", ready.body);
    let login = anybody.clone().get("/login?rd=%2Fadmin").await;
    assert_eq!(login.status, 503, "{}", login.body);
    let again = "href=\"/login?rd=%2Fadmin\"";
    assert!(login.body.contains(again), "{}", login.body);
    let event = json!({"EventType": "user_modify_org", "UserId": [company::EMPLOYEE], "TimeStamp": "1700000001200"});
    let push = app.sim.encrypt_event(&event);
    assert_eq!(app.push(&push).await.status, 503);
    app.execute(RESET).await;
    app.execute(CUT_OFF).await;
    eventually("it is ready again", Duration::from_secs(10), async || {
        anybody.clone().get("/readyz").await.status == 200
    })
    .await;
    assert_eq!(app.push(&push).await.status, 200, "DingTalk sends it again");
    app.admin().await;
}
