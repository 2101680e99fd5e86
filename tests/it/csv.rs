//! The tables for spreadsheets: all that the query finds, and nothing that a spreadsheet would run.

use dingtalk_sim::company;
use sqlx::PgPool;

use crate::support::{Answer, Browser, TestApp};

async fn spawn(pool: &PgPool) -> (TestApp, Browser) {
    let app = TestApp::spawn_empty(pool, |_| {}).await;
    let admin = app.admin().await;
    (app, admin)
}

/// The rows of a table by the names of its columns.
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
        assert!(
            answer
                .header("content-disposition")
                .starts_with("attachment; filename=\"")
        );
        let text = answer
            .body
            .strip_prefix('\u{feff}')
            .expect("a byte order mark");
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes());
        let mut rows: Vec<Vec<String>> = reader
            .records()
            .map(|row| row.unwrap().iter().map(str::to_owned).collect())
            .collect();
        let header = rows.remove(0);
        Self { header, rows }
    }

    fn column(&self, name: &str) -> Vec<&str> {
        let place = self
            .header
            .iter()
            .position(|header| header == name)
            .unwrap();
        self.rows.iter().map(|row| row[place].as_str()).collect()
    }
}

async fn table(admin: &mut Browser, path: &str) -> Table {
    Table::read(&admin.get(path).await)
}

#[sqlx::test]
async fn the_staff_table_holds_all_that_the_query_finds(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute(
        "INSERT INTO staff (userid, name) SELECT 'crowd-' || n, '人 ' || n FROM generate_series(1, 2500) n;
         INSERT INTO staff (userid, name, status, left_at, left_cause, held_at, held_by)
             VALUES ('0042', 'gone', 'left', '2026-01-02T03:04:05Z', 'manual', now(), 'x')",
    )
    .await;
    let all = table(&mut admin, "/admin/staff.csv?page=2&per_page=1").await;
    assert_eq!(
        all.rows.len(),
        2503,
        "the crowd, the leaver, the administrator and a former colleague"
    );
    let mut userids = all.column("userid");
    userids.sort_unstable();
    userids.dedup();
    assert_eq!(userids.len(), 2503);
    let left = table(&mut admin, "/admin/staff.csv?status=left&q=0042").await;
    assert_eq!(
        (left.column("userid"), left.column("status")),
        (vec!["0042"], vec!["left"])
    );
    assert_eq!(
        (left.column("left_at"), left.column("left_by_hand")),
        (vec!["2026-01-02T03:04:05Z"], vec!["yes"])
    );
    assert_eq!(
        table(&mut admin, "/admin/staff.csv?q=crowd-25")
            .await
            .rows
            .len(),
        12
    );
    assert_eq!(
        table(&mut admin, "/admin/staff.csv?department=77")
            .await
            .rows
            .len(),
        0
    );
    assert_eq!(admin.get("/admin/staff.csv?status=fired").await.status, 400);
}

#[sqlx::test]
async fn cells_that_a_spreadsheet_would_run_are_defused(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute(
        r#"INSERT INTO staff (userid, name, title, email, mobile, job_number) VALUES
             ('=1+1', '@SUM(A1)', '+cmd|'' /C calc''!A0', '-2', E'\t=1', '＝1'), ('b', 'a,"b"', E'two\r\nlines', ' =1', '+8613800000000', 'J-1');
         INSERT INTO unmatched_login (unionid, nick, reason, last_request_id, state, decision_reason)
             VALUES ('u', '=HYPERLINK("http://evil")', 'left', 'R', 'rejected', '－1')"#,
    )
    .await;
    let staff = table(&mut admin, "/admin/staff.csv?q=1").await;
    let place = staff
        .column("userid")
        .iter()
        .position(|userid| *userid == "'=1+1")
        .expect("a defused userid");
    for (column, cell) in [
        ("name", "'@SUM(A1)"),
        ("title", "'+cmd|' /C calc'!A0"),
        ("email", "'-2"),
        ("mobile", "'\t=1"),
        ("job_number", "'＝1"),
    ] {
        assert_eq!(staff.column(column)[place], cell, "{column}");
    }
    let other = staff
        .column("userid")
        .iter()
        .position(|userid| *userid == "b")
        .unwrap();
    for (column, cell) in [
        ("name", "a,\"b\""),
        ("title", "two\r\nlines"),
        ("email", "' =1"),
        ("mobile", "'+8613800000000"),
        ("job_number", "J-1"),
    ] {
        assert_eq!(staff.column(column)[other], cell, "{column}");
    }
    let cases = table(&mut admin, "/admin/unmatched.csv?state=all").await;
    assert_eq!(
        (cases.column("nick"), cases.column("decision_reason")),
        (vec!["'=HYPERLINK(\"http://evil\")"], vec!["'－1"])
    );
    assert_eq!(cases.column("status"), ["rejected"]);
}

#[sqlx::test]
async fn the_table_of_cases_follows_the_filters_of_the_page(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute(
        "INSERT INTO unmatched_login (unionid, userid, nick, reason, last_request_id, state)
         SELECT 'u' || n, 'p' || n, 'n' || n,
             CASE n % 3 WHEN 0 THEN 'left' WHEN 1 THEN 'pending_review' ELSE 'not_employee' END, 'R',
             CASE WHEN n > 6 THEN 'approved' ELSE 'waiting' END
         FROM generate_series(1, 9) n",
    )
    .await;
    for (query, userids) in [
        ("", "p6 p4 p3 p1"),
        ("?page=3&per_page=1", "p6 p4 p3 p1"),
        ("?reason=not_employee", "p5 p2"),
        ("?reason=all&state=approved", "p9 p8 p7"),
        ("?reason=left&state=all", "p9 p6 p3"),
        ("?reason=all&state=all&q=n5", "p5"),
    ] {
        let table = table(&mut admin, &format!("/admin/unmatched.csv{query}")).await;
        assert_eq!(table.column("userid").join(" "), userids, "{query}");
    }
}

#[sqlx::test]
async fn the_audit_trail_is_a_table_too(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    let trail = table(&mut admin, "/admin/audit.csv?action=login").await;
    assert_eq!(
        (trail.column("userid"), trail.column("status")),
        (vec![company::ADMIN], vec!["in"])
    );
}
