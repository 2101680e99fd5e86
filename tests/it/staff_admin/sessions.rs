//! Ending sessions of one person, and of nobody else.

use dingtalk_sim::company;
use sqlx::PgPool;

use super::{BECAUSE, END, assert_refused, spawn, unionid};

#[sqlx::test]
async fn sessions_are_ended_one_by_one_or_all_at_once(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let mut browsers = Vec::new();
    for _ in 0..3 {
        browsers.push(app.signed_in(company::EMPLOYEE).await);
    }
    let page = admin.get("/admin/staff/zhangsan01").await.body;
    let id = page.split_once("name=\"session\" value=\"").unwrap().1[..36].to_owned();
    let answer = admin.post(END, &[("session", &id)]).await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/admin/staff/zhangsan01")
    );
    assert!(
        admin
            .get("/admin/staff/zhangsan01")
            .await
            .body
            .contains("is signed out of 1 device")
    );
    assert_eq!(
        app.number("SELECT count(*) FROM web_session WHERE userid = 'zhangsan01'")
            .await,
        2
    );

    let own = format!(
        "SELECT count(*) FROM web_session WHERE userid = '{}'",
        company::ADMIN
    );
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    let own_id: String = sqlx::query_scalar("SELECT id::text FROM web_session WHERE userid = $1")
        .bind(company::ADMIN)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(admin.post(END, &[("session", &own_id)]).await.status, 303);
    assert_eq!(
        app.number(&own).await,
        1,
        "another person's session is not ended on this page"
    );

    assert_refused(&admin.post(END, &[]).await, 400, "Please give a reason");
    assert_eq!(admin.post(END, &[BECAUSE]).await.status, 303);
    for browser in &mut browsers {
        assert!(!browser.is_in().await);
    }
    assert!(
        app.browser().scan(&unionid(&app), "/").await.status == 303,
        "whose sessions ended may sign in again"
    );
    assert_eq!(
        app.number(
            "SELECT count(*) FROM audit_entry WHERE action = 'session.end' AND status IN ('1', '2')"
        )
        .await,
        2
    );
}

#[sqlx::test]
async fn nobody_locks_themselves_out(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let path = format!("/admin/staff/{}", company::ADMIN);
    assert_refused(
        &admin.post(&format!("{path}/leave"), &[BECAUSE]).await,
        409,
        "cannot mark yourself",
    );
    assert!(
        !admin
            .get(&path)
            .await
            .body
            .contains(&format!("{path}/leave"))
    );
    assert!(admin.is_in().await);
    assert_eq!(
        admin
            .post(&format!("{path}/end-sessions"), &[BECAUSE])
            .await
            .status,
        303
    );
    assert!(!admin.is_in().await, "signing oneself out is no harm");
    drop(app);
}
