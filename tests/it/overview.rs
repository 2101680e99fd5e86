//! The first page of the administration: its numbers, where they lead, and that it stays quick.

use std::time::Duration;

use dingtalk_sim::company;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{TestApp, eventually};

/// The text of a page without its tags, each blank a single one.
fn text(body: &str) -> String {
    let main = body.split_once("<main").map_or("", |(_, main)| main);
    let words = main
        .split('<')
        .filter_map(|part| part.split_once('>'))
        .flat_map(|(_, text)| text.split_whitespace());
    words.collect::<Vec<_>>().join(" ")
}

/// The number of a tile by its address.
fn tile(body: &str, href: &str) -> String {
    let (_, rest) = body
        .split_once(&format!("href=\"{href}\"><strong>"))
        .unwrap_or_else(|| panic!("no tile leads to {href}"));
    rest.split('<').next().unwrap().to_owned()
}

#[sqlx::test]
async fn a_fresh_installation_is_told_what_to_do_next(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    let page = text(&admin.get("/admin").await.body);
    for words in [
        "Getting started",
        "Read the company’s directory To do",
        "Receive DingTalk’s events To do",
        &format!("{}/dingtalk/events", app.url),
        "dinggate doctor",
        "No event has come in 14 days.",
        "No one is waiting.",
        "No sync yet.",
    ] {
        assert!(page.contains(words), "{words} is not in {page}");
    }
}

#[sqlx::test]
async fn the_numbers_are_those_of_the_lists_that_they_lead_to(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    app.signed_in(company::EMPLOYEE).await;
    // Listed once an hour for each person and reason, as on the audit trail.
    for _ in 0..3 {
        app.browser().scan(company::STRANGER_UNIONID, "/").await;
    }
    let newcomer = app
        .sim
        .hire_quietly(dingtalk_sim::NewPerson {
            name: "新来的".to_owned(),
            departments: vec![1],
            ..dingtalk_sim::NewPerson::default()
        })
        .unwrap();
    app.browser().scan(&newcomer.unionid, "/").await;
    app.deliver(&json!({"EventType": "user_modify_org", "UserId": [company::EMPLOYEE]}))
        .await;
    eventually(
        "the event is applied",
        Duration::from_secs(10),
        async || {
            app.number("SELECT count(*) FROM event WHERE state = 'applied'")
                .await
                > 0
        },
    )
    .await;
    app.execute(
        "INSERT INTO event (dedupe_key, event_type, state, received_at) VALUES
        ('x', 'user_add_org', 'failed', now()), ('y', 'user_add_org', 'failed', now())",
    )
    .await;

    let body = admin.get("/admin").await.body;
    let employed = app
        .number("SELECT count(*) FROM staff WHERE status = 'employed'")
        .await;
    let departments = app.number("SELECT count(*) FROM department").await;
    for (href, number) in [
        ("/admin/staff?status=employed", employed),
        ("/admin/departments", departments),
        ("/admin/sessions", 2),
        ("/admin/events?state=waiting", 0),
        ("/admin/events?state=failed", 2),
        // The service releases what is held by itself.
        ("/admin/events?state=parked", 0),
        ("/admin/unmatched", 1),
    ] {
        assert_eq!(tile(&body, href), number.to_string(), "{href}");
        let list = admin.get(href).await.body;
        assert!(
            // The departments are a tree, which has no pager.
            number == 0 || href == "/admin/departments" || list.contains(&format!("of {number}<")),
            "{href} lists another number"
        );
    }
    let page = text(&body);
    for words in [
        "2 signed in · 2 refused",
        "not in the company 1",
        "waiting for review 1",
        "新来的",
        "See all (1)",
    ] {
        assert!(page.contains(words), "{words} is not in {page}");
    }
    for (class, href) in [("fill-accent", "login"), ("fill-warn", "refusal")] {
        let key = format!(
            "<rect class=\"{class}\" width=\"10\" height=\"10\"/></svg><a href=\"/admin/audit?action={href}&"
        );
        assert!(body.contains(&key), "{href} has no key to the chart");
    }
    assert!(
        !page.contains("Getting started"),
        "all of that has happened"
    );
    assert_links_count_what_they_say(&mut admin, &body).await;
}

/// Each number that leads to the audit trail is the number of lines there.
async fn assert_links_count_what_they_say(admin: &mut crate::support::Browser, body: &str) {
    let mut checked = 0;
    for part in body.split("href=\"/admin/audit?").skip(1) {
        let (query, rest) = part.split_once('"').unwrap();
        let number = rest.trim_start_matches("><strong>").trim_start_matches('>');
        let number: String = number.chars().take_while(char::is_ascii_digit).collect();
        let path = format!(
            "/admin/audit?{}",
            query.replace("&amp;", "&").replace("&#38;", "&")
        );
        let list = admin.get(&path).await.body;
        assert!(
            list.contains(&format!("of {number}<")),
            "{path} does not list {number}"
        );
        checked += 1;
    }
    assert!(
        checked >= 6,
        "two sums, two of today, two reasons; not {checked}"
    );
}

#[sqlx::test]
async fn days_are_those_of_china_and_older_ones_do_not_count(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    // The first moment of the first of fourteen days, and the moment before it.
    app.execute(
        "INSERT INTO audit_entry (at, actor, actor_kind, action, status)
         SELECT first, 'a', 'person', 'login', 'in' FROM (SELECT date_trunc('day', now() AT TIME ZONE 'UTC' + interval '8 hours')
             AT TIME ZONE 'UTC' - interval '13 days 8 hours' AS first) d, generate_series(1, 40);
         INSERT INTO audit_entry (at, actor, actor_kind, action, status)
         SELECT date_trunc('day', now() AT TIME ZONE 'UTC' + interval '8 hours')
             AT TIME ZONE 'UTC' - interval '13 days 8 hours' - interval '1 microsecond', 'a', 'person', 'login', 'in' FROM generate_series(1, 500)",
    )
    .await;
    let body = admin.get("/admin").await.body;
    let page = text(&body);
    assert!(page.contains("41 signed in · 0 refused"), "{page}");
    assert!(page.contains("the busiest day saw 40."), "{page}");
    assert_eq!(body.matches("the last 14 days (UTC+8)</h2>").count(), 3);
    assert!(page.contains(": 40 signed in, 0 refused"), "{page}");
    let svg = body.split_once("<svg viewBox").unwrap().1;
    assert!(
        svg.contains("class=\"fill-accent\" x=\"3\" y=\"0\" width=\"14\" height=\"1000\""),
        "40 of 40"
    );
}

#[sqlx::test]
async fn a_long_trail_is_not_read_through(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    app.execute(
        "INSERT INTO audit_entry (at, actor, actor_kind, action, status)
         SELECT now() - n * interval '2 minutes', 'u-' || n % 900, 'person', CASE WHEN n % 9 = 0 THEN 'refusal' ELSE 'login' END,
             CASE WHEN n % 9 = 0 THEN 'left' ELSE 'in' END FROM generate_series(1, 200000) n",
    )
    .await;
    app.execute("ANALYZE audit_entry").await;
    let reads = "SELECT coalesce(sum(seq_scan), 0)::bigint FROM pg_stat_user_tables WHERE relname = 'audit_entry'";
    let uses = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'audit_entry_at'";
    let before = app.number(reads).await;
    // Postgres publishes what a connection did only from time to time.
    eventually("the index is used", Duration::from_secs(30), async || {
        let mut visitor = admin.at(&app.url);
        visitor.get("/admin").await;
        app.number(uses).await > 0
    })
    .await;
    assert_eq!(app.number(reads).await, before, "the whole trail was read");
    assert_eq!(admin.get("/admin").await.status, 200);
}
