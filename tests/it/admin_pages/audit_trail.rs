//! The audit trail: looked through, exported, never changed.

use sqlx::PgPool;

use super::{rows, shows, spawn};

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
        "The system",
        "by DingTalk’s event",
        "href=\"/admin/staff/u-wang\"",
        "Command line (root)",
        "Made an administrator",
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
        ("q=u-li", 2),
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
        Some("\u{feff}at,actor,action,userid,unionid,name,status,reason,reference,address")
    );
    assert_eq!(
        lines.next(),
        Some("2026-03-05T00:00:00Z,command:root,admin.grant,u-li,,李晓华,granted,,,")
    );
    assert_eq!(
        lines.next(),
        Some("2026-03-01T16:00:00Z,system,staff.left,u-wang,,王小明,event,,,")
    );
    let last = "2026-03-01T15:59:59Z,u-li,review.reject,,UnIoN-77,'=cmd|calc,rejected,not one of us,REFR-0077,192.0.2.7";
    assert_eq!(
        (lines.next(), lines.next(), lines.next()),
        (Some(last), Some(""), None)
    );

    app.execute("INSERT INTO audit_entry (actor, action, status) SELECT 'mass-' || n, 'logout', 'out' FROM generate_series(1, 2500) n").await;
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
