//! The administrators' pages of events, departments, syncs, sessions and the audit trail.

mod audit_trail;
mod department_tree;
mod inbox;
mod others;
mod syncs;

use dingtalk_sim::company;
use sqlx::PgPool;

use crate::support::{Browser, TestApp};

/// Every page of these; the numbers are those of [`seed`].
const PAGES: [&str; 12] = [
    "/admin",
    "/admin/events",
    "/admin/events/1",
    "/admin/departments",
    "/admin/departments?view=list",
    "/admin/departments/10",
    "/admin/syncs",
    "/admin/syncs/1",
    "/admin/syncs/1?kind=skipped&q=u-wang",
    "/admin/sessions",
    "/admin/audit",
    "/admin/audit.csv",
];

/// A service whose tables hold what is written here, and an administrator's browser.
async fn spawn(pool: &PgPool) -> (TestApp, Browser) {
    let app = TestApp::spawn_empty(pool, |_| {}).await;
    app.execute(SEED).await;
    app.execute(KEEP_WAITING).await;
    app.keep_run_alive("started_by = 'system'");
    let admin = app.admin().await;
    (app, admin)
}

/// The waiting event is seen as it is, however long the test takes: nobody can work on it.
const KEEP_WAITING: &str = "
CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keep_waiting BEFORE UPDATE ON event FOR EACH ROW WHEN (OLD.dedupe_key = 'id:evt-two') EXECUTE FUNCTION keep_row()";

/// An employee of the seeded table, signed in.
async fn employee(app: &TestApp) -> Browser {
    app.signed_in(company::EMPLOYEE).await
}

const SEED: &str = r#"
INSERT INTO staff (userid, unionid, name) VALUES
    ('odd/id', NULL, '<b>怪名</b>'), ('u-wang', NULL, '王小明'), ('u-li', NULL, '李晓华');
INSERT INTO department (dept_id, parent_id, name, observed_at) VALUES
    (1, NULL, '示例公司', now()), (10, 1, '研发中心', now()), (11, 10, '平台组', now()), (20, 1, '财务部', now());
INSERT INTO staff_department (userid, dept_id) VALUES
    ('u-wang', 10), ('u-wang', 11), ('u-li', 11), ('former-0', 11);
INSERT INTO event (dedupe_key, event_type, userids, dept_ids, body, state, attempts, next_attempt_at, last_error, received_at) VALUES
    ('id:evt-one', 'user_modify_org', '{u-wang}', '{}', '{"EventType":"user_modify_org","UserId":["u-wang"]}', 'applied', 1, now(), NULL, now() - interval '3 hours'),
    ('id:evt-two', 'user_add_org', '{u-li,stranger-9}', '{}', NULL, 'waiting', 4, now() + interval '1 day', 'topapi/v2/user/get: DingTalk is busy', now() - interval '40 days'),
    ('hash:3', 'org_dept_modify', '{}', '{10,77}', '{"EventType":"org_dept_modify","DeptId":[10,77]}', 'failed', 9, now(), 'the event cannot be applied', now()),
    ('hash:4', 'bpms_<i>change</i>', '{}', '{}', '{"EventType":"bpms"}', 'applied', 0, now(), NULL, now()),
    ('hash:5', 'user_leave_org', '{odd/id}', '{}', '{"EventType":"user_leave_org","UserId":["odd/id"]}', 'failed', 2, now(), 'something else', now());
INSERT INTO sync_run (cause, started_by, state, started_at, finished_at, instance, lease_until, calls, added, unchanged, skipped, withheld, error) VALUES
    ('command', 'command:root', 'stopped', now() - interval '2 hours', now() - interval '2 hours' + interval '75 seconds', gen_random_uuid(), now(), 42, 3, 60, 2, 17,
     'too many leavers'),
    ('admin', 'u-li', 'done', now() - interval '1 hour', now() - interval '1 hour' + interval '9 seconds', gen_random_uuid(), now(), 30, 0, 63, 0, 0, NULL),
    ('empty', 'system', 'running', now() - interval '5 minutes', NULL, gen_random_uuid(), now() + interval '8 seconds', 7, 0, 0, 0, 0, NULL);
INSERT INTO sync_change (run_id, position, kind, userid, reason) SELECT min(id), 1, 'skipped', 'u-wang', 'held' FROM sync_run;
INSERT INTO sync_change (run_id, position, kind, reason, reason_field) SELECT min(id), 2, 'skipped', 'bad_record', 'userid' FROM sync_run;
INSERT INTO audit_entry (at, actor, actor_kind, action, userid, unionid, name, status, reason, reference, ip) VALUES
    ('2026-03-01T15:59:59Z', 'u-li', 'person', 'review.reject', NULL, 'UnIoN-77', '=cmd|calc', 'rejected', 'not one of us', 'REFR-0077', '192.0.2.7'),
    ('2026-03-01T16:00:00Z', 'system', 'system', 'staff.left', 'u-wang', NULL, '王小明', 'event', NULL, NULL, NULL),
    ('2026-03-05T00:00:00Z', 'command:root', 'command', 'admin.grant', 'u-li', NULL, '李晓华', 'granted', NULL, NULL, NULL);
"#;

/// Whether a page speaks of something, as people read it.
fn shows(body: &str, text: &str) -> bool {
    let main = body.split_once("<main").map_or("", |(_, main)| main);
    main.contains(text)
}

/// The rows of a page's table.
fn rows(body: &str) -> usize {
    body.split_once("<tbody>")
        .map_or(0, |(_, table)| table.matches("<tr>").count())
}

#[sqlx::test]
async fn the_pages_are_for_administrators_only(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let unionid = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    add_staff(&pool, company::EMPLOYEE, &unionid).await;
    let (mut employee, mut nobody) = (employee(&app).await, app.browser());
    for page in PAGES {
        let answer = admin.get(page).await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.body);
        let refused = employee.get(page).await;
        assert_eq!(refused.status, 403, "{page}");
        assert!(!refused.body.contains("王小明"), "{page}");
        let asked_to_sign_in = nobody.get(page).await;
        assert_eq!(asked_to_sign_in.status, 303, "{page}");
        assert!(
            asked_to_sign_in.location().starts_with("/login?rd="),
            "{page}: {}",
            asked_to_sign_in.location()
        );
    }
}

async fn add_staff(pool: &PgPool, userid: &str, unionid: &str) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test arranges its tables in its own way"
    )]
    sqlx::query("INSERT INTO staff (userid, unionid, name) VALUES ($1, $2, '张三')")
        .bind(userid)
        .bind(unionid)
        .execute(pool)
        .await
        .unwrap();
}

#[sqlx::test]
async fn an_alert_is_dismissed_from_any_page_and_leads_back_to_it(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute("INSERT INTO alert (kind, detail) VALUES ('unknown_people_brake', '7')")
        .await;
    let back = |page: &str| format!("name=\"back\" value=\"{page}\"");
    let page = admin.get("/admin/staff?q=a&page=1").await;
    assert!(
        page.body.contains(&back("/admin/staff?q=a&#38;page=1")),
        "{}",
        page.body
    );
    let reason_missing = [("reason", "")];
    let page = admin
        .post("/admin/staff/manager4220/leave", &reason_missing)
        .await;
    assert_eq!(page.status, 400);
    for part in [
        back("/admin/staff/manager4220"),
        "href=\"/admin/staff/manager4220?lang=zh\"".to_owned(),
    ] {
        assert!(page.body.contains(&part), "{part}: {}", page.body);
    }
    let bad = admin.get("/admin/audit?from=yesterday&q=a").await;
    assert_eq!(bad.status, 400);
    assert!(
        bad.body.contains("class=\"button\" href=\"/admin/audit\""),
        "{}",
        bad.body
    );
}

#[sqlx::test]
async fn nothing_is_done_without_the_sessions_token(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute("INSERT INTO alert (kind, detail) VALUES ('unknown_people_brake', '7')")
        .await;
    let session = session_id(&pool, company::ADMIN).await;
    let end = format!("/admin/sessions/{session}/end");
    for path in [
        "/admin/events/3/retry",
        "/admin/syncs",
        "/admin/syncs/1/approve",
        "/admin/syncs/1/discard",
        "/admin/events/retry-failed",
        "/admin/events/3/release",
        "/admin/events/release-held",
        "/admin/alerts/unknown_people_brake/dismiss",
        end.as_str(),
    ] {
        for fields in [&[][..], &[("csrf_token", "wrong")][..]] {
            assert_eq!(admin.post_bare(path, fields).await.status, 403, "{path}");
        }
        let mut nobody = app.browser();
        assert_ne!(nobody.post_bare(path, &[]).await.status, 200, "{path}");
    }
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'failed'")
            .await,
        2
    );
    assert_eq!(app.number("SELECT count(*) FROM alert").await, 1);
    let untouched = "SELECT count(*) FROM sync_run WHERE decision IS NULL";
    assert_eq!(app.number(untouched).await, 3, "nothing started or decided");
    assert!(admin.is_in().await);
}

async fn session_id(pool: &PgPool, userid: &str) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    sqlx::query_scalar("SELECT id::text FROM web_session WHERE userid = $1")
        .bind(userid)
        .fetch_one(pool)
        .await
        .unwrap()
}

#[sqlx::test]
async fn a_filter_that_there_is_not_is_named(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    for (page, value) in [
        ("/admin/events?state=broken", "broken"),
        ("/admin/events?type=user_add", "user_add"),
        ("/admin/syncs?state=x1", "x1"),
        ("/admin/syncs?cause=cron9", "cron9"),
        ("/admin/syncs/1?kind=guessed", "guessed"),
        ("/admin/departments?view=map", "map"),
        ("/admin/sessions?method=password", "password"),
        ("/admin/audit?action=nothing.done", "nothing.done"),
        ("/admin/audit?from=01.03.2026", "01.03.2026"),
        ("/admin/audit.csv?to=2026-13-01", "2026-13-01"),
    ] {
        let answer = admin.get(page).await;
        assert_eq!(answer.status, 400, "{page}");
        assert!(answer.body.contains(value), "{page}: {}", answer.body);
    }
}

#[sqlx::test]
async fn a_page_beyond_the_end_leads_to_the_last_one_of_the_same_view(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.signed_in(company::ADMIN).await;
    app.execute(
        "INSERT INTO unmatched_login (unionid, nick, reason, last_request_id) SELECT 'n' || n, 'n', 'left', 'R' FROM generate_series(1, 2) n;
         INSERT INTO webhook_delivery (message_type, event_id, state) SELECT 'bpms_task_change', n, 'failed' FROM generate_series(1, 2) n",
    )
    .await;
    for (list, last) in [
        ("staff?q=u-&sort=name&dir=desc", 2),
        ("unmatched?reason=left", 2),
        ("sessions?method=qr", 2),
        ("events?state=failed", 2),
        ("webhooks?state=failed", 2),
        ("syncs?q=u-li", 1),
        ("syncs/1?kind=skipped", 2),
        ("departments?q=%E9%83%A8&view=list", 1),
        ("departments/11?", 2),
        ("audit?action=admin.grant", 1),
    ] {
        let (path, query) = list.split_once('?').unwrap();
        let joint = if query.is_empty() { "" } else { "&" };
        let view = format!("/admin/{path}?{query}{joint}per_page=1");
        let answer = admin.get(&format!("{view}&page=1000000")).await;
        let page = if last == 1 {
            view
        } else {
            format!("{view}&page={last}")
        };
        assert_eq!((answer.status, answer.location()), (303, page.as_str()));
        let answer = admin.get(&page).await;
        assert_eq!((answer.status, rows(&answer.body)), (200, 1), "{page}");
    }
    let nothing = admin.get("/admin/sessions?q=zzz&page=3").await;
    assert_eq!((nothing.status, rows(&nothing.body)), (200, 0));
    assert!(
        shows(&nothing.body, "No session matches"),
        "{}",
        nothing.body
    );
}

#[sqlx::test]
async fn whoever_empties_the_last_page_sees_the_one_before_and_what_was_done(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let unionid = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    add_staff(&pool, company::EMPLOYEE, &unionid).await;
    employee(&app).await;
    let view = "/admin/sessions?per_page=1&page=2";
    assert_eq!(rows(&admin.get(view).await.body), 1);
    let id = session_id(&pool, company::EMPLOYEE).await;
    let end = format!("/admin/sessions/{id}/end");
    let answer = admin.post(&end, &[("back", view)]).await;
    assert_eq!((answer.status, answer.location()), (303, view));
    let answer = admin.get(view).await;
    let before = "/admin/sessions?per_page=1";
    assert_eq!((answer.status, answer.location()), (303, before));
    let page = admin.get(before).await.body;
    assert!(
        page.contains("has been ended") && rows(&page) == 1,
        "{page}"
    );
}

#[sqlx::test]
async fn odd_queries_are_answered(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    for page in ["events", "departments", "syncs", "sessions", "audit"] {
        for query in [
            "q=%00&page=0",
            "q=%ff%25_'\"<script>",
            "page=99999999999999999999",
            "page=-3&per_page=9999",
            "per_page=x&page=x",
            "q&&=",
            "state=all",
        ] {
            let answer = admin.get(&format!("/admin/{page}?{query}")).await;
            assert_eq!(answer.status, 200, "{page}?{query}");
            assert!(!answer.body.contains("<script>"), "{page}?{query}");
        }
        let nothing = admin.get(&format!("/admin/{page}?q=zzzzzz")).await;
        assert_eq!((nothing.status, rows(&nothing.body)), (200, 0), "{page}");
        assert!(shows(&nothing.body, "Clear filters"), "{page}");
    }
    for missing in [
        "/admin/events/99",
        "/admin/events/x",
        "/admin/syncs/99",
        "/admin/syncs/x",
        "/admin/departments/99",
        "/admin/departments/x",
        "/admin/nothing",
    ] {
        assert_eq!(admin.get(missing).await.status, 404, "{missing}");
    }
}
