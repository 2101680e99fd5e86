//! The audit trail: looked through, exported, never changed.

use dingtalk_sim::NewPerson;
use sqlx::PgPool;

use super::{rows, shows, spawn};
use crate::cli::run;
use crate::support::TestApp;

#[sqlx::test]
async fn the_trail_tells_who_did_what_to_whom(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    let page = admin.get("/admin/audit").await.body;
    for text in [
        "Rejected",
        "not one of us",
        "REFR-0077",
        "192.0.2.7",
        "李晓华",
        "System",
        "by DingTalk’s event",
        "href=\"/admin/staff/u-wang\"",
        "Command line (root)",
        "Granted a role",
        "Signed in",
        "QR code",
    ] {
        assert!(shows(&page, text), "{text}");
    }
}

#[sqlx::test]
async fn every_filter_finds_its_lines(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    for (query, lines) in [
        ("action=review.reject", 1),
        ("q=union-77", 1),
        ("q=REFR-0077", 1),
        ("q=REFR-007", 0),
        // The actor of one, and whom another was done to.
        ("q=u-li&to=2026-10-31", 2),
        ("q=%E6%99%93%E5%8D%8E", 2), // 晓华
        ("q=%E7%8E%8B", 1),          // 王
        // Days begin at midnight in China, 16:00 UTC of the day before.
        ("from=2026-03-01&to=2026-03-01", 1),
        ("from=2026-03-02&to=2026-03-05", 2),
        ("from=2026-03-02&to=2026-03-05&action=staff.left", 1),
        ("to=2026-02-28", 0),
        ("per_page=2&to=2026-12-31", 2),
    ] {
        let body = admin.get(&format!("/admin/audit?{query}")).await.body;
        assert_eq!(rows(&body), lines, "{query}");
    }
    let english = admin.get("/admin/audit").await.body;
    assert!(shows(&english, ">From (UTC+8)<") && shows(&english, ">To (UTC+8)<"));
    admin.headers[0].1 = "zh-CN".to_owned();
    let chinese = admin.get("/admin/audit").await.body;
    assert!(shows(&chinese, ">开始日期（北京时间）<") && shows(&chinese, ">结束日期（北京时间）<"));
}

#[sqlx::test]
async fn the_export_holds_all_that_the_query_finds_and_nothing_runs(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let answer = admin
        .get("/admin/audit.csv?to=2026-03-31&page=7&per_page=1")
        .await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let mut lines = answer.body.split("\r\n");
    assert_eq!(
        lines.next(),
        Some(
            "\u{feff}at,actor,actor_kind,action,userid,unionid,name,status,reason,reference,address,actor_name"
        )
    );
    assert_eq!(
        lines.next(),
        Some("2026-03-05T08:00:00+08:00,command:root,command,admin.grant,u-li,,李晓华,granted,,,,")
    );
    assert_eq!(
        lines.next(),
        Some("2026-03-02T00:00:00+08:00,system,system,staff.left,u-wang,,王小明,event,,,,")
    );
    let last = "2026-03-01T23:59:59+08:00,u-li,person,review.reject,,UnIoN-77,'=cmd|calc,rejected,not one of us,REFR-0077,192.0.2.7,李晓华";
    assert_eq!(
        (lines.next(), lines.next(), lines.next()),
        (Some(last), Some(""), None)
    );

    app.execute("INSERT INTO audit_entry (actor, actor_kind, action, status) SELECT 'mass-' || n, 'person', 'logout', 'out' FROM generate_series(1, 2500) n").await;
    let many = admin
        .get("/admin/audit.csv?action=logout&q=mass-")
        .await
        .body;
    let (first, last) = (many.find("mass-2500,"), many.find("mass-1,"));
    assert_eq!(many.matches(",logout,").count(), 2500);
    assert!(first < last, "the latest comes first");
}

#[sqlx::test]
async fn nobody_changes_the_trail(pool: PgPool) {
    let (app, _admin) = spawn(&pool).await;
    let before = app.number("SELECT count(*) FROM audit_entry").await;
    for statement in [
        "UPDATE audit_entry SET actor = 'x' WHERE id = 1",
        "DELETE FROM audit_entry WHERE id = 1",
        "TRUNCATE audit_entry",
    ] {
        let refused = sqlx::raw_sql(statement).execute(&pool).await.unwrap_err();
        assert!(
            refused.to_string().contains("append-only"),
            "{statement}: {refused}"
        );
    }
    assert_eq!(app.number("SELECT count(*) FROM audit_entry").await, before);
    assert_eq!(
        app.number("SELECT count(*) FROM audit_entry WHERE actor = 'x'")
            .await,
        0
    );
}

#[sqlx::test]
async fn a_person_whose_userid_is_system_is_not_taken_for_the_system(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = NewPerson {
        userid: Some("system".to_owned()),
        ..NewPerson::named("史小统")
    };
    app.sim.hire_quietly(person).unwrap();
    assert_eq!(run(&app.settings, &["sync"]).code, Some(0));
    let mut admin = app.admin().await;
    app.signed_in("system").await;
    let login = "/admin/audit?action=login&per_page=10&q=system";
    let page = admin.get(login).await.body;
    assert!(shows(&page, "史小统") && !shows(&page, "System"), "{page}");
    let added = "/admin/audit?action=staff.added&per_page=10&q=zhangsan01";
    let page = admin.get(added).await.body;
    assert!(shows(&page, "System"), "{page}");
    assert!(
        !shows(&page, "href=\"/admin/staff/system\""),
        "the system's doing is not linked to the person"
    );
    let page = admin.get("/admin/syncs").await.body;
    assert!(
        shows(&page, "System") && !shows(&page, "史小统"),
        "the first sync was started by the system: {page}"
    );
    for (query, line) in [
        ("action=login&q=system", ",system,person,login,"),
        ("action=staff.added&q=system", ",system,system,staff.added,"),
    ] {
        let table = admin.get(&format!("/admin/audit.csv?{query}")).await.body;
        assert!(table.contains(line), "{table}");
    }
}

#[sqlx::test]
async fn what_an_administrator_takes_out_retries_or_dismisses_leaves_a_line(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute("INSERT INTO alert (kind, detail) VALUES ('unknown_people_brake', '7')")
        .await;
    for path in [
        "/admin/staff.csv?q=%E7%8E%8B&status=employed",
        "/admin/unmatched.csv",
        "/admin/audit.csv?action=login",
        "/admin/departments.xlsx?q=x",
        "/admin/events.csv",
        "/admin/syncs.csv",
        "/admin/syncs/1.csv",
        "/admin/webhooks.csv",
        "/admin/sessions.xlsx",
    ] {
        assert_eq!(admin.get(path).await.status, 200, "{path}");
    }
    for path in [
        "/admin/alerts/unknown_people_brake/dismiss",
        // The second time there is nothing to do.
        "/admin/alerts/unknown_people_brake/dismiss",
        "/admin/events/3/retry",
        "/admin/events/retry-failed",
        "/admin/events/retry-failed",
        "/admin/syncs/1/discard",
    ] {
        let answer = admin.post(path, &[]).await;
        assert_eq!(answer.status, 303, "{path}");
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    let lines: Vec<String> = sqlx::query_scalar(
        "SELECT concat_ws(' ', action, actor_kind, actor, status, name, reference, reason) FROM audit_entry
         WHERE actor = 'manager4220' AND action <> 'login' AND ip = '127.0.0.1' ORDER BY id",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(
        lines,
        [
            "staff.export person manager4220 csv q=王&status=employed",
            "review.export person manager4220 csv",
            "audit.export person manager4220 csv action=login",
            "department.export person manager4220 xlsx q=x",
            "event.export person manager4220 csv",
            "sync.export person manager4220 csv",
            "sync.export person manager4220 csv",
            "webhook.export person manager4220 csv",
            "session.export person manager4220 xlsx",
            "alert.dismiss person manager4220 dismissed unknown_people_brake",
            "event.retry person manager4220 1 3",
            "event.retry person manager4220 1",
            "sync.discard person manager4220 discarded 1",
        ]
    );
    let page = admin.get("/admin/audit").await.body;
    for words in [
        "Exported staff",
        "Dismissed an alert",
        "Retried failed events",
        "1 event",
    ] {
        assert!(shows(&page, words), "{words}");
    }
}
