//! Messages about people who wait for a review, and about decisions.

use dingtalk_sim::company::{self, EMPLOYEE};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::receiver::Request;
use super::{quiet, spawn};
use crate::support::{Browser, TestApp};

async fn reject(admin: &mut Browser, id: i64) {
    let fields = [("reason", "call 13800000000")];
    let path = format!("/admin/unmatched/{id}/reject");
    assert_eq!(admin.post(&path, &fields).await.status, 303);
}

async fn case_of(app: &TestApp, unionid: &str) -> i64 {
    app.number(&format!(
        "SELECT id FROM unmatched_login WHERE unionid = '{unionid}'"
    ))
    .await
}

#[sqlx::test]
async fn a_case_is_announced_once_and_every_decision_is_told(pool: PgPool) {
    let (app, receiver) = spawn(&pool).await;
    let mut admin = app.admin().await;
    quiet(&app).await;
    receiver.forget();
    let unionid = app.sim.person(EMPLOYEE).unwrap().unionid;
    for _ in 0..2 {
        assert_eq!(app.browser().scan(&unionid, "/").await.status, 403);
    }
    let id = case_of(&app, &unionid).await;
    reject(&mut admin, id).await;
    admin
        .post(&format!("/admin/unmatched/{id}/reopen"), &[])
        .await;
    assert_eq!(app.browser().scan(&unionid, "/").await.status, 403);
    quiet(&app).await;
    let requests = receiver.requests();
    let bodies: Vec<Value> = requests.iter().map(Request::json).collect();
    let of = |kind: &str| -> Vec<Value> {
        let found = bodies.iter().filter(|body| body["type"] == kind);
        found.map(|body| body["data"].clone()).collect()
    };
    let waiting = of("review.waiting");
    assert_eq!(waiting.len(), 1, "{bodies:?}");
    assert_eq!(waiting[0]["case_id"], id);
    assert_eq!(waiting[0]["userid"], EMPLOYEE);
    assert_eq!(waiting[0]["unionid"], unionid.as_str());
    assert_eq!(waiting[0]["reason"], "pending_review");
    assert_eq!(
        waiting[0]["url"],
        format!("{}/admin/unmatched/{id}", app.url)
    );
    let mut decisions: Vec<_> = of("review.decided")
        .into_iter()
        .map(|data| data["decision"].clone())
        .collect();
    decisions.sort_by_key(ToString::to_string);
    assert_eq!(decisions, [json!("rejected"), json!("reopened")]);
    assert_eq!(of("review.decided")[0]["decided_by"], company::ADMIN);
    assert!(
        requests
            .iter()
            .all(|request| !request.body.contains("13800000000"))
    );
    let list = admin.get("/admin/webhooks?type=review.waiting").await.body;
    assert!(
        list.contains(&format!("href=\"/admin/unmatched/{id}\"")),
        "{list}"
    );
}

#[sqlx::test]
async fn outsiders_are_announced_to_nobody(pool: PgPool) {
    let (app, receiver) = spawn(&pool).await;
    let mut admin = app.admin().await;
    quiet(&app).await;
    receiver.forget();
    app.browser().scan(company::STRANGER_UNIONID, "/").await;
    let id = case_of(&app, company::STRANGER_UNIONID).await;
    quiet(&app).await;
    assert_eq!(receiver.kinds(), [""; 0]);
    reject(&mut admin, id).await;
    receiver.wait_for(1).await;
    assert_eq!(receiver.kinds(), ["review.decided"]);
}

#[sqlx::test]
async fn without_a_webhook_nothing_is_stored(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    let unionid = app.sim.person(EMPLOYEE).unwrap().unionid;
    app.browser().scan(&unionid, "/").await;
    let id = case_of(&app, &unionid).await;
    reject(&mut admin, id).await;
    assert_eq!(app.number("SELECT count(*) FROM webhook_delivery").await, 0);
}
