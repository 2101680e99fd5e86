//! The administrators' pages of the messages.

use dingtalk_sim::company;
use serde_json::json;
use sqlx::PgPool;

use super::receiver::{Receiver, Reply, SECRET};
use super::{messages, quiet, spawn, spawn_with, wait_for_messages};
use crate::support::{Browser, TestApp};

const SEED: &str = r#"
INSERT INTO event (dedupe_key, event_type, userids, body, state) VALUES
    ('id:a', 'bpms_instance_change', '{}', '{"title": "转岗"}', 'applied'),
    ('id:b', 'org_dept_modify', '{}', NULL, 'applied');
INSERT INTO webhook_delivery (message_type, event_id, userid, subject, body, state, attempts, next_attempt_at, last_status, last_error, delivered_at) VALUES
    ('bpms_instance_change', 1, NULL, '张三提交的<转岗>', '{"type":"bpms_instance_change","data":{"x":1}}', 'delivered', 1, now(), 204, NULL, now()),
    ('staff.left', NULL, 'u-wang', '王小明', '{"type":"staff.left"}', 'failed', 7, now(), 500, 'status', NULL),
    ('staff.changed', NULL, 'odd/id', '', '{"type":"staff.changed"}', 'waiting', 2, now() + interval '1 hour', NULL, 'timeout', NULL),
    ('org_dept_modify', 2, NULL, '', NULL, 'failed', 9, now(), NULL, 'event_dropped', NULL);
INSERT INTO webhook_attempt (delivery_id, duration_ms, status, error) VALUES (2, 12, 500, 'status'), (2, 10001, NULL, 'timeout'), (1, 30, 204, NULL);
"#;

async fn seeded(pool: &PgPool) -> (TestApp, Receiver, Browser) {
    let (app, receiver) = spawn(pool).await;
    let admin = app.admin().await;
    quiet(&app).await;
    app.execute(
        "TRUNCATE webhook_delivery RESTART IDENTITY CASCADE; TRUNCATE event RESTART IDENTITY",
    )
    .await;
    app.execute(SEED).await;
    receiver.forget();
    (app, receiver, admin)
}

fn shows(page: &str, text: &str) -> bool {
    page.contains(text)
}

#[sqlx::test]
async fn the_list_tells_what_was_sent_and_what_became_of_it(pool: PgPool) {
    let (_app, _receiver, mut admin) = seeded(&pool).await;
    let page = admin.get("/admin/webhooks").await.body;
    for text in [
        "Approval changed",
        "张三提交的&#60;转岗&#62;",
        "href=\"/admin/events/1\"",
        "href=\"/admin/staff/u-wang\"",
        "href=\"/admin/staff/odd%2Fid\"",
        "The receiver answered with HTTP 500",
        "did not answer within 10 seconds",
        "Accepted (HTTP 204)",
        "Event 2",
        "2 failed messages will be sent again.",
        "aria-current=\"page\"",
    ] {
        assert!(shows(&page, text), "{text} is not in {page}");
    }
    for (query, ids) in [
        ("", &[4, 3, 2, 1][..]),
        ("state=failed", &[4, 2]),
        ("state=waiting", &[3]),
        ("type=staff.left", &[2]),
        ("type=other", &[4]),
        ("type=all&state=delivered", &[1]),
        ("q=u-wang", &[2]),
        ("q=%E8%BD%AC%E5%B2%97", &[1]), // 转岗
        ("q=u-wang&state=waiting", &[]),
        ("per_page=2&page=2", &[2, 1]),
    ] {
        let body = admin.get(&format!("/admin/webhooks?{query}")).await.body;
        let found: Vec<i64> = (1..=4)
            .rev()
            .filter(|id| body.contains(&format!("href=\"/admin/webhooks/{id}\"")))
            .collect();
        assert_eq!(found, ids, "{query}");
    }
    assert_eq!(admin.get("/admin/webhooks?state=odd").await.status, 400);
    admin.headers = vec![("accept-language", "zh-CN".to_owned())];
    let page = admin.get("/admin/webhooks").await.body;
    assert!(
        shows(&page, "审批实例变更") && shows(&page, "对方返回 HTTP 500"),
        "{page}"
    );
}

#[sqlx::test]
async fn a_message_shows_its_body_and_every_attempt_and_never_the_secret(pool: PgPool) {
    let (app, _receiver, mut admin) = seeded(&pool).await;
    let page = admin.get("/admin/webhooks/2").await.body;
    for text in [
        "webhook-signature",
        "new for every attempt",
        "<pre class=\"code\"",
        "staff.left",
        "took 10001 ms",
        "took 12 ms",
        "/hook</code>",
        "msg_",
    ] {
        assert!(shows(&page, text), "{text} is not in {page}");
    }
    assert!(!page.contains(SECRET) && !page.contains(&SECRET[10..]));
    let dropped = admin.get("/admin/webhooks/4").await.body;
    assert!(
        shows(&dropped, "this one has been deleted") && !dropped.contains("/4/resend"),
        "{dropped}"
    );
    for path in ["/admin/webhooks/99", "/admin/webhooks/x"] {
        assert_eq!(admin.get(path).await.status, 404, "{path}");
    }
    for path in ["/admin/webhooks", "/admin/webhooks/1"] {
        assert_eq!(app.browser().get(path).await.status, 303, "{path}");
    }
    let mut bare = admin.clone();
    assert_eq!(
        bare.post_bare("/admin/webhooks/2/resend", &[]).await.status,
        403
    );
    assert_eq!(
        bare.post_bare("/admin/webhooks/resend-failed", &[])
            .await
            .status,
        403
    );
}

#[sqlx::test]
async fn a_message_is_sent_again_under_its_id_and_the_trail_says_by_whom(pool: PgPool) {
    let (app, receiver, mut admin) = seeded(&pool).await;
    for id in [1, 2] {
        let path = format!("/admin/webhooks/{id}/resend");
        let answer = admin
            .post(&path, &[("back", "/admin/webhooks?state=failed")])
            .await;
        assert_eq!(
            (answer.status, answer.location()),
            (303, "/admin/webhooks?state=failed")
        );
    }
    let page = admin.get("/admin/webhooks").await.body;
    assert!(shows(&page, "Message 2 is queued again"), "{page}");
    let requests = receiver.wait_for(2).await;
    // The two go out side by side.
    let kept = r#"{"type":"bpms_instance_change","data":{"x":1}}"#;
    assert!(requests.iter().any(|request| request.body == kept));
    wait_for_messages(&app, "delivered", 2).await;
    assert_eq!(
        app.number(&format!(
            "SELECT count(*) FROM audit_entry WHERE action = 'webhook.resend' AND actor = '{}' AND reference IN ('1', '2')",
            company::ADMIN
        ))
        .await,
        2
    );
    // Its event and its body are gone.
    assert_eq!(
        admin.post("/admin/webhooks/4/resend", &[]).await.status,
        303
    );
    assert!(shows(
        &admin.get("/admin/webhooks").await.body,
        "or is no longer kept"
    ));
    assert_eq!(messages(&app, "failed").await, 1);
    let trail = admin.get("/admin/audit?action=webhook.resend").await.body;
    assert!(
        shows(&trail, "Sent webhooks again") && shows(&trail, "1 message"),
        "{trail}"
    );
}

#[sqlx::test]
async fn a_second_series_lasts_as_long_as_the_first(pool: PgPool) {
    let (app, receiver, mut admin) = seeded(&pool).await;
    receiver.always(Reply::Status(500));
    app.execute("UPDATE webhook_delivery SET created_at = now() - interval '20 days', series_started_at = now() - interval '20 days'")
        .await;
    admin.post("/admin/webhooks/2/resend", &[]).await;
    receiver.wait_for(1).await;
    hurry_until(&app, 2).await;
    assert_eq!(
        app.number("SELECT count(*) FROM webhook_delivery WHERE id = 2 AND state = 'waiting' AND attempts >= 2").await,
        1
    );
}

async fn hurry_until(app: &TestApp, attempts: i64) {
    crate::support::eventually("attempts", super::SOON, async || {
        app.execute("UPDATE webhook_delivery SET next_attempt_at = now() WHERE id = 2")
            .await;
        app.number("SELECT count(*) FROM webhook_attempt WHERE delivery_id = 2")
            .await
            >= attempts + 2
    })
    .await;
}

#[sqlx::test]
async fn all_failed_messages_that_are_kept_are_sent_again(pool: PgPool) {
    let (app, receiver, mut admin) = seeded(&pool).await;
    let answer = admin.post("/admin/webhooks/resend-failed", &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/admin/webhooks"));
    assert!(shows(
        &admin.get("/admin/webhooks").await.body,
        "One message is queued again"
    ));
    receiver.wait_for(1).await;
    wait_for_messages(&app, "delivered", 2).await;
    assert_eq!(messages(&app, "failed").await, 1);
}

#[sqlx::test]
async fn without_a_webhook_the_page_says_how_to_set_one_up(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    let page = admin.get("/admin/webhooks").await.body;
    assert!(
        shows(&page, "DINGGATE_WEBHOOK_URL") && shows(&page, "DINGGATE_WEBHOOK_SECRET"),
        "{page}"
    );
    // What is left of an earlier time stays to be seen, and cannot be sent.
    app.execute(SEED).await;
    let page = admin.get("/admin/webhooks").await.body;
    assert!(
        shows(&page, "what waits is not sent") && !page.contains("/resend"),
        "{page}"
    );
    admin.post("/admin/webhooks/2/resend", &[]).await;
    assert!(shows(
        &admin.get("/admin/webhooks").await.body,
        "so nothing can be sent"
    ));
    assert_eq!(messages(&app, "failed").await, 2);
}

#[sqlx::test]
async fn bodies_go_after_thirty_days_and_messages_after_ninety(pool: PgPool) {
    let (app, _receiver) = spawn_with(&pool, |_| {}).await;
    app.deliver(&json!({"eventId": "x", "EventType": "bpms_task_change"}))
        .await;
    wait_for_messages(&app, "delivered", 1).await;
    app.execute(
        "INSERT INTO webhook_delivery (message_type, userid, subject, body, state, created_at, delivered_at) VALUES
             ('staff.left', 'a', 'a', '{}', 'delivered', now() - interval '31 days', now() - interval '31 days'),
             ('staff.left', 'b', 'b', '{}', 'failed', now() - interval '31 days', NULL),
             ('staff.left', 'c', 'c', '{}', 'failed', now() - interval '91 days', NULL)",
    )
    .await;
    let mut conn = dinggate::store::Conn::single(pool.acquire().await.unwrap().detach());
    let days = |n: u64| std::time::Duration::from_hours(24 * n);
    let touched = dinggate::store::webhook::sweep(&mut conn, days(30), days(90))
        .await
        .unwrap();
    assert_eq!(touched, 2);
    assert_eq!(
        app.number("SELECT count(*) FROM webhook_delivery WHERE body IS NULL AND userid = 'a' OR body IS NOT NULL AND (userid = 'b' OR userid IS NULL)")
            .await,
        3
    );
    assert_eq!(app.number("SELECT count(*) FROM webhook_delivery").await, 3);
}
