//! The timeline of a person: everything, the latest first, in pages.

use dingtalk_sim::PersonChange;
use dingtalk_sim::company::EMPLOYEE;
use serde_json::json;
use sqlx::PgPool;

use super::SOON;
use crate::support::{TestApp, eventually};

const PAGE: &str = "/admin/staff/zhangsan01";

/// The timeline of a page.
fn timeline(body: &str) -> &str {
    body.split_once("<h2 id=\"timeline\">").unwrap().1
}

async fn wait_for_title(app: &TestApp, title: &str) {
    let has_title =
        format!("SELECT count(*) FROM staff WHERE userid = '{EMPLOYEE}' AND title = '{title}'");
    eventually("the change is applied", SOON, async || {
        app.number(&has_title).await == 1
    })
    .await;
}

#[sqlx::test]
async fn everything_about_a_person_stands_in_one_order(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    app.signed_in(EMPLOYEE).await;
    let change = PersonChange {
        title: Some("总监".to_owned()),
        ..PersonChange::default()
    };
    app.sim.change(EMPLOYEE, change).unwrap();
    wait_for_title(&app, "总监").await;
    let ended = admin
        .post(
            "/admin/staff/zhangsan01/leave",
            &[("reason", "the secret reason")],
        )
        .await;
    assert_eq!(ended.status, 303);
    let unionid = app.sim.person(EMPLOYEE).unwrap().unionid;
    assert_eq!(app.browser().scan(&unionid, "/").await.status, 403);
    let page = admin.get(PAGE).await.body;
    let order = [
        "Sign-in refused",
        "the secret reason",
        "<ins>总监</ins>",
        "Signed in",
    ];
    let places: Vec<_> = order
        .iter()
        .map(|part| timeline(&page).find(part))
        .collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?} {page}"
    );
    assert!(timeline(&page).contains("href=\"/admin/events/"), "{page}");
    for (kind, present, absent) in [
        ("login", "Signed in", "the secret reason"),
        ("decision", "the secret reason", "Sign-in refused"),
        ("change", "<ins>总监</ins>", "Signed in"),
        ("event", "href=\"/admin/events/", "<ins>总监</ins>"),
    ] {
        let page = admin.get(&format!("{PAGE}?kind={kind}")).await.body;
        let (entries, _) = timeline(&page).split_once("</ol>").unwrap();
        assert!(
            entries.contains(present) && !entries.contains(absent),
            "{kind}: {entries}"
        );
    }
    let none = admin.get(&format!("{PAGE}?kind=session")).await.body;
    assert!(none.contains("Nothing yet"), "{none}");
    assert_eq!(admin.get(&format!("{PAGE}?kind=other")).await.status, 400);
}

#[sqlx::test]
async fn a_transaction_is_one_change_with_the_values_before_and_after_it(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    app.execute(
        "INSERT INTO department (dept_id, parent_id, name, observed_at) VALUES (1, NULL, '总部', now()), (10, 1, '研发中心', now()), (11, 1, '财务中心', now());
         INSERT INTO staff (userid, unionid, name, title) VALUES ('p-1', 'u-1', '甲', 'Clerk')",
    )
    .await;
    app.execute("INSERT INTO staff_department (userid, dept_id) VALUES ('p-1', 10)")
        .await;
    app.execute("TRUNCATE staff_history").await;
    app.execute(
        "BEGIN;
         UPDATE staff SET title = 'Lead', unionid = NULL WHERE userid = 'p-1';
         UPDATE staff SET title = 'Chief', name = '乙', unionid = 'u-1', observed_at = now() WHERE userid = 'p-1';
         DELETE FROM staff_department WHERE userid = 'p-1';
         INSERT INTO staff_department (userid, dept_id, is_leader) VALUES ('p-1', 11, true);
         COMMIT",
    )
    .await;
    // Neither a row written as it was, nor the order of the departments, is a change.
    app.execute("UPDATE staff SET title = 'Chief', updated_at = now() WHERE userid = 'p-1'; UPDATE staff_department SET sort_order = 7 WHERE userid = 'p-1'").await;
    assert_eq!(app.number("SELECT count(*) FROM staff_history").await, 1);
    let page = admin.get("/admin/staff/p-1").await.body;
    for part in [
        "<del>Clerk</del>",
        "<ins>Chief</ins>",
        "<del>甲</del>",
        "<ins>乙</ins>",
        "研发中心",
        "财务中心 (leader)",
    ] {
        assert!(timeline(&page).contains(part), "{part}: {page}");
    }
    assert!(!timeline(&page).contains("Lead<"), "{page}");
}

#[sqlx::test]
async fn a_new_person_has_no_changes(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    assert_eq!(app.number("SELECT count(*) FROM staff_history").await, 0);
    app.deliver(&json!({"EventType": "user_modify_org", "UserId": [EMPLOYEE], "TimeStamp": "1"}))
        .await;
    eventually("the event is applied", SOON, async || {
        app.number("SELECT count(*) FROM event WHERE state = 'applied'")
            .await
            > 0
    })
    .await;
    assert_eq!(app.number("SELECT count(*) FROM staff_history").await, 0);
}

#[sqlx::test]
async fn a_long_timeline_has_pages(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    app.execute(
        "INSERT INTO audit_entry (at, actor, actor_kind, action, userid, status, reason)
             SELECT now() - n * interval '1 hour', 'manager4220', 'person', 'staff.restored', 'zhangsan01', 'employed', 'reason-' || n || '-'
             FROM generate_series(1, 120) n ORDER BY n DESC;
         INSERT INTO event (dedupe_key, event_type, userids, state, received_at)
             SELECT 'id:t' || n, 'user_modify_org', '{zhangsan01}', 'applied', now() - n * interval '1 hour' FROM generate_series(1, 1100) n",
    )
    .await;
    let first = admin.get(&format!("{PAGE}?kind=decision")).await.body;
    let second = admin
        .get(&format!("{PAGE}?kind=decision&page=2"))
        .await
        .body;
    assert!(
        first.contains("reason-1-") && !first.contains("reason-60-"),
        "{first}"
    );
    assert!(
        second.contains("reason-60-") && !second.contains("reason-1-"),
        "{second}"
    );
    assert!(first.contains("kind=decision&#38;page=2"), "{first}");
    let all = admin.get(&format!("{PAGE}?page=20")).await.body;
    assert!(all.contains("of more than 1000"), "{all}");
    let beyond = admin.get(&format!("{PAGE}?page=30")).await;
    assert_eq!(
        (beyond.status, beyond.location()),
        (303, "/admin/staff/zhangsan01?page=20")
    );
}
