//! The inbox.

use std::time::Duration;

use sqlx::PgPool;

use super::{rows, shows, spawn};
use crate::support::eventually;

#[sqlx::test]
async fn the_inbox_tells_what_came_and_what_became_of_it(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    let page = admin.get("/admin/events").await.body;
    assert_eq!(rows(&page), 5);
    for text in [
        "Details changed",
        "user_modify_org",
        "href=\"/admin/staff/u-wang\"",
        "王小明",
        "stranger-9",
        "研发中心",
        "77",
        "Waiting",
        "Applied",
        "Failed",
        "topapi/v2/user/get: DingTalk is busy",
        "href=\"/admin/staff/odd%2Fid\"",
        "bpms_&#60;i&#62;change",
    ] {
        assert!(shows(&page, text), "{text}");
    }
    // Nobody has a page whom the staff table does not hold.
    assert!(!page.contains("/admin/staff/stranger-9"));
}

#[sqlx::test]
async fn every_filter_finds_its_events(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    for (query, ids) in [
        ("", &[5, 4, 3, 2, 1][..]),
        ("state=failed", &[5, 3]),
        ("state=waiting", &[2]),
        ("type=user_leave_org", &[5]),
        ("type=other", &[4]),
        ("type=all&state=applied", &[4, 1]),
        ("q=u-wang", &[1]),
        ("q=%E6%99%93%E5%8D%8E", &[2]), // 晓华
        ("q=evt-two", &[2]),
        ("q=3", &[3]),
        ("q=u-wang&state=failed", &[]),
        ("per_page=2&page=2", &[3, 2]),
    ] {
        let body = admin.get(&format!("/admin/events?{query}")).await.body;
        let found: Vec<i64> = (1..=5)
            .rev()
            .filter(|id| body.contains(&format!("href=\"/admin/events/{id}\"")))
            .collect();
        assert_eq!(found, ids, "{query}");
    }
    let paged = admin
        .get("/admin/events?per_page=2&page=2&state=all")
        .await
        .body;
    assert!(
        shows(&paged, "3–4 of 5") && shows(&paged, "per_page=2&#38;page=3"),
        "{paged}"
    );
}

#[sqlx::test]
async fn an_event_shows_its_message_as_long_as_it_is_kept(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    let kept = admin.get("/admin/events/1").await.body;
    assert!(
        shows(&kept, "<pre class=\"code\"") && shows(&kept, "&#34;UserId&#34;: [\n"),
        "{kept}"
    );
    assert!(shows(&kept, "evt-one"));
    let dropped = admin.get("/admin/events/2").await.body;
    assert!(
        !shows(&dropped, "<pre") && shows(&dropped, "kept for 30 days"),
        "{dropped}"
    );
}

#[sqlx::test]
async fn a_failed_event_is_tried_again(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let answer = admin
        .post(
            "/admin/events/5/retry",
            &[("back", "/admin/events?state=failed")],
        )
        .await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/admin/events?state=failed")
    );
    let page = admin.get("/admin/events?state=failed").await.body;
    assert!(shows(&page, "Event 5 is queued again"), "{page}");
    eventually("the event is applied", Duration::from_secs(5), async || {
        app.number("SELECT count(*) FROM event WHERE id = 5 AND state = 'applied'")
            .await
            == 1
    })
    .await;
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'failed'")
            .await,
        1
    );

    let again = admin
        .post(
            "/admin/events/5/retry",
            &[("back", "https://evil.example/")],
        )
        .await;
    assert_eq!((again.status, again.location()), (303, "/admin/events/5"));
    assert!(shows(
        &admin.get("/admin/events/5").await.body,
        "no longer failed"
    ));
}

#[sqlx::test]
async fn all_failed_events_are_tried_again_after_one_question(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let asked = admin.get("/admin/events").await.body;
    assert!(shows(&asked, "2 failed events will be tried again."));
    let answer = admin.post("/admin/events/retry-failed", &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/admin/events"));
    assert!(shows(
        &admin.get("/admin/events").await.body,
        "2 events are queued again"
    ));
    eventually("both are applied", Duration::from_secs(5), async || {
        app.number("SELECT count(*) FROM event WHERE id IN (3, 5) AND state = 'applied'")
            .await
            == 2
    })
    .await;
    assert!(!shows(
        &admin.get("/admin/events").await.body,
        "/admin/events/retry-failed"
    ));
}
