//! An entry of `DINGGATE_ADMINS` is bound to the account that the employed row has at that moment.

use dingtalk_sim::company::ADMIN;
use dingtalk_sim::{Fault, SimHandle};
use sqlx::PgPool;

use super::{SOON, account, lines, may_administer, wait_for_bindings};
use crate::support::{TestApp, eventually};

const USER_GET: &str = "/topapi/v2/user/get";

/// A cloud that answers no question about a person yet.
fn silent_cloud() -> SimHandle {
    let sim = TestApp::cloud();
    sim.fault(USER_GET, Fault::Http(503));
    sim
}

/// A service whose entry waits to be bound, with a row of the person that has this unionid.
async fn spawn_unbound(pool: &PgPool, unionid: &str) -> TestApp {
    let employed =
        format!("INSERT INTO staff (userid, unionid, name) VALUES ('{ADMIN}', '{unionid}', 'x')");
    sqlx::raw_sql(sqlx::AssertSqlSafe(employed))
        .execute(pool)
        .await
        .unwrap();
    TestApp::spawn_on(pool, silent_cloud(), |_| {}).await
}

/// How many bindings are in force under the pair of the employed row.
async fn matching(app: &TestApp) -> i64 {
    app.number(
        "SELECT count(*) FROM admin_right r JOIN staff s USING (userid, unionid) WHERE r.source = 'settings'",
    )
    .await
}

#[sqlx::test]
async fn a_row_with_a_former_account_is_brought_up_to_date_before_its_entry_is_bound(pool: PgPool) {
    let app = spawn_unbound(&pool, "former-account").await;
    app.sim.clear_faults();
    wait_for_bindings(&app, 1).await;
    assert_eq!(matching(&app).await, 1);
    assert_eq!(lines(&app, "staff.unionid", "employed", ADMIN).await, 1);
    assert_eq!(
        lines(&app, "admin.revoke", "account_changed", ADMIN).await,
        0
    );
    assert!(may_administer(&app, ADMIN).await);
}

#[sqlx::test]
async fn an_account_that_changes_between_the_answer_and_the_binding_is_not_missed(pool: PgPool) {
    let sim = TestApp::cloud();
    let unionid = sim.person(ADMIN).unwrap().unionid;
    drop(sim);
    let app = spawn_unbound(&pool, &unionid).await;
    // Somebody is about to write that the account has changed.
    let mut change = pool.begin().await.unwrap();
    let changes = format!("UPDATE staff SET unionid = 'another-1' WHERE userid = '{ADMIN}'");
    sqlx::raw_sql(sqlx::AssertSqlSafe(changes))
        .execute(&mut *change)
        .await
        .unwrap();
    app.sim.clear_faults();
    eventually("the binding waits for the row", SOON, async || {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
             AND wait_event_type = 'Lock' AND query LIKE '%FROM staff%'";
        app.number(waiting).await > 0 || app.number("SELECT count(*) FROM admin_binding").await > 0
    })
    .await;
    app.sim.change_quietly(ADMIN, account("another-1")).unwrap();
    change.commit().await.unwrap();
    wait_for_bindings(&app, 1).await;
    assert_eq!(matching(&app).await, 1);
    assert!(may_administer(&app, ADMIN).await);
}
