//! Marking as left and restoring by hand: what no event, sync or approval undoes.

use std::time::Duration;

use dingtalk_sim::{Fault, NewPerson, company};
use serde_json::json;
use sqlx::PgPool;

use super::{BECAUSE, LEAVE, RESTORE, assert_refused, spawn, unionid};
use crate::support::{TestApp, eventually};

/// Runs a full sync as the administrators' command does, and waits for it.
async fn sync(app: &TestApp) {
    let runs = app.number("SELECT count(*) FROM sync_run").await;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dinggate"));
    command.arg("sync").env_clear().envs(&app.settings);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        app.number("SELECT count(*) FROM sync_run WHERE state = 'done'")
            .await,
        runs + 1
    );
}

#[sqlx::test]
async fn whom_an_administrator_marks_as_left_only_a_restore_brings_back(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let second = app.another_instance().await;
    let mut browser = app.signed_in(company::EMPLOYEE).await;
    let mut elsewhere = app.signed_in(company::EMPLOYEE).await.at(&second.url);
    let page = admin.get("/admin/staff/zhangsan01").await.body;
    assert!(page.contains("signed out of 2 devices"), "{page}");

    let answer = admin.post(LEAVE, &[("reason", " ")]).await;
    assert_refused(&answer, 400, "Please give a reason");
    assert!(browser.is_in().await);
    let answer = admin.post(LEAVE, &[BECAUSE]).await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/admin/staff/zhangsan01")
    );
    assert!(
        admin
            .get("/admin/staff/zhangsan01")
            .await
            .body
            .contains("is marked as left and signed out of 2 devices")
    );
    assert!(!browser.is_in().await && !elsewhere.is_in().await);
    assert_refused(&app.browser().scan(&unionid(&app), "/").await, 403, "left");

    for event in ["user_add_org", "user_active_org", "user_modify_org"] {
        app.deliver(
            &json!({"EventType": event, "UserId": [company::EMPLOYEE], "TimeStamp": event}),
        )
        .await;
    }
    eventually(
        "the events are applied",
        Duration::from_secs(5),
        async || {
            app.number("SELECT count(*) FROM event WHERE state = 'applied'")
                .await
                >= 3
        },
    )
    .await;
    sync(&app).await;
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("left")
    );
    let case = app
        .number(&format!(
            "SELECT id FROM unmatched_login WHERE unionid = '{}'",
            unionid(&app)
        ))
        .await;
    let answer = admin
        .post(&format!("/admin/unmatched/{case}/approve"), &[])
        .await;
    assert_refused(
        &answer,
        409,
        "zhangsan01 was marked as left by an administrator",
    );
    assert_refused(&admin.post(LEAVE, &[BECAUSE]).await, 409, "by hand already");

    assert_refused(&admin.post(RESTORE, &[]).await, 400, "Please give a reason");
    assert_eq!(
        admin.post(RESTORE, &[("reason", "a mistake")]).await.status,
        303
    );
    assert_eq!(app.browser().scan(&unionid(&app), "/").await.status, 303);
    assert_eq!(
        app.number(&format!(
            "SELECT count(*) FROM unmatched_login WHERE id = {case} AND state = 'closed'"
        ))
        .await,
        1
    );
    let trail = format!(
        "SELECT count(*) FROM audit_entry WHERE actor = '{}' AND userid = 'zhangsan01'
         AND (action, reason) IN (('staff.left', 'because'), ('staff.restored', 'a mistake')) AND ip IS NOT NULL",
        company::ADMIN
    );
    assert_eq!(app.number(&trail).await, 2);
    assert_refused(
        &admin.post(RESTORE, &[BECAUSE]).await,
        409,
        "nothing to restore",
    );
}

#[sqlx::test]
async fn whom_dingtalk_does_not_list_is_not_restored(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.sim.dismiss_quietly(company::EMPLOYEE).unwrap();
    app.deliver(
        &json!({"EventType": "user_leave_org", "UserId": [company::EMPLOYEE], "TimeStamp": "1"}),
    )
    .await;
    assert_refused(
        &admin.post(RESTORE, &[BECAUSE]).await,
        409,
        "does not list this person",
    );
    app.sim.fault("/topapi/v2/user/get", Fault::CloseConnection);
    let answer = admin.post(RESTORE, &[BECAUSE]).await;
    assert_refused(&answer, 503, "did not answer in time");
    assert_ne!(answer.header("retry-after"), "");
    app.sim.fault("/topapi/v2/user/get", Fault::ErrCode(50002));
    assert_refused(
        &admin.post(RESTORE, &[BECAUSE]).await,
        503,
        "DingTalk refuses our request",
    );
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("left")
    );
}

#[sqlx::test]
async fn a_unionid_in_use_keeps_the_old_row_out(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    assert_eq!(admin.post(LEAVE, &[BECAUSE]).await.status, 303);
    let twin = NewPerson {
        userid: Some("zhangsan-twin".to_owned()),
        ..NewPerson::named("张三")
    };
    app.sim.hire_quietly(twin).unwrap();
    app.sim
        .share_unionid_quietly("zhangsan-twin", &unionid(&app))
        .unwrap();
    app.execute(
        "INSERT INTO staff (userid, unionid, name) SELECT 'zhangsan-twin', unionid, name FROM staff WHERE userid = 'zhangsan01'",
    )
    .await;
    assert_refused(
        &admin.post(RESTORE, &[BECAUSE]).await,
        409,
        "zhangsan-twin, who is employed, has the same unionid",
    );
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("left")
    );
}

#[sqlx::test]
async fn a_leaving_by_event_can_be_made_a_decision(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.deliver(
        &json!({"EventType": "user_leave_org", "UserId": [company::EMPLOYEE], "TimeStamp": "1"}),
    )
    .await;
    assert_eq!(admin.post(LEAVE, &[BECAUSE]).await.status, 303);
    app.deliver(
        &json!({"EventType": "user_add_org", "UserId": [company::EMPLOYEE], "TimeStamp": "2"}),
    )
    .await;
    eventually("the event is applied", Duration::from_secs(5), async || {
        app.number("SELECT count(*) FROM event WHERE state = 'applied'")
            .await
            == 2
    })
    .await;
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("left")
    );
    let page = admin.get("/admin/staff/zhangsan01").await.body;
    assert!(
        page.contains("because") && page.contains("manual") && !page.contains("zhangsan01/leave"),
        "{page}"
    );
}
