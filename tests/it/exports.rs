//! The tables for spreadsheets: all that the query finds, in both formats, and nothing that a spreadsheet would run.

use calamine::{Data, Reader as _, Xlsx};
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
        (vec!["2026-01-02T11:04:05+08:00"], vec!["yes"])
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

/// The rows of a workbook; its numbers and times as CSV writes them.
fn workbook(answer: &Answer) -> Vec<Vec<String>> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        answer.header("content-type"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    );
    let mut book = Xlsx::new(std::io::Cursor::new(&answer.bytes)).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    let text = |cell: &Data| match cell {
        Data::Float(number) => number.to_string(),
        Data::DateTime(at) => {
            let at = at.as_datetime().unwrap();
            format!("{}+08:00", at.format("%Y-%m-%dT%H:%M:%S"))
        }
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let rows = sheet.rows().map(|row| row.iter().map(text).collect());
    rows.collect()
}

/// One row of everything that an imported company lacks.
const MORE: &str = r#"
INSERT INTO event (id, dedupe_key, event_type, state, userids, received_at) OVERRIDING SYSTEM VALUE
    VALUES (900001, 'id:table', 'user_modify_org', 'failed', '{zhangsan01,0158}', '2026-01-02T03:04:05Z');
INSERT INTO webhook_delivery (id, message_type, userid, subject, state, last_status)
    OVERRIDING SYSTEM VALUE VALUES (1, 'staff.left', '01580003300095028', 'x', 'failed', 503);
INSERT INTO sync_run (id, cause, started_by, state, started_at, finished_at, instance, lease_until, changed) OVERRIDING SYSTEM VALUE
    VALUES (900001, 'command', 'x', 'done', now(), now(), gen_random_uuid(), now(), 1);
INSERT INTO sync_change (run_id, position, kind, userid, name, differences) VALUES
    (900001, 1, 'changed', '01580003300095028', '张三', '[{"field": "title", "old": "a", "new": "b"}, {"field": "name", "old": "", "new": "c"}]'),
    (900001, 2, 'added', '7', '李四', '[]')"#;

/// The lists, each with a column and a value in it.
const LISTS: [(&str, &str, &str); 9] = [
    ("/admin/staff", "userid", company::LEADING_ZERO),
    ("/admin/unmatched", "unionid", "u-case"),
    ("/admin/departments", "department_id", "410020001"),
    ("/admin/events", "userid", "zhangsan01; 0158"),
    ("/admin/syncs", "id", "900001"),
    ("/admin/syncs/900001", "userid", "01580003300095028"),
    ("/admin/webhooks", "userid", "01580003300095028"),
    ("/admin/sessions", "userid", company::ADMIN),
    ("/admin/audit", "actor", company::ADMIN),
];

#[sqlx::test]
async fn every_list_is_a_table_in_both_formats_with_the_same_rows(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.execute(MORE).await;
    app.execute("INSERT INTO unmatched_login (unionid, nick, reason, last_request_id) VALUES ('u-case', 'x', 'pending_review', 'R')")
        .await;
    let mut admin = app.admin().await;
    for (path, column, value) in LISTS {
        let page = admin.get(path).await;
        for format in ["xlsx", "csv"] {
            let link = format!("href=\"{path}.{format}?");
            assert!(page.body.contains(&link), "{link}");
        }
        let csv = table(&mut admin, &format!("{path}.csv")).await;
        let found = csv.column(column);
        assert!(found.contains(&value), "{path}: {found:?}");
        let answer = admin.get(&format!("{path}.xlsx")).await;
        let mut rows = workbook(&answer);
        let header = rows.remove(0);
        assert_eq!(header.len(), csv.header.len(), "{path}");
        // An export of the trail is a line of the trail.
        if path == "/admin/audit" {
            rows.remove(0);
        }
        // Seen again meanwhile.
        if path != "/admin/sessions" {
            let defused = |cell: &String| cell.strip_prefix('\'').unwrap_or(cell).to_owned();
            let texts: Vec<Vec<String>> = csv
                .rows
                .iter()
                .map(|row| row.iter().map(defused).collect())
                .collect();
            assert_eq!(rows, texts, "{path}");
        }
    }
}

#[sqlx::test]
async fn a_record_of_a_sync_has_a_row_for_each_field(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute(MORE).await;
    let changes = table(&mut admin, "/admin/syncs/900001.csv").await;
    assert_eq!(changes.column("field"), ["title", "name", ""]);
    assert_eq!(changes.column("new_value"), ["b", "c", ""]);
    assert_eq!(changes.column("status"), ["changed", "changed", "added"]);
    let added = table(&mut admin, "/admin/syncs/900001.csv?kind=added").await;
    assert_eq!(added.column("userid"), ["7"]);
    for path in [
        "syncs/7000000.csv",
        "syncs/x.csv",
        "syncs/1.pdf",
        "staff.pdf",
    ] {
        let answer = admin.get(&format!("/admin/{path}")).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[sqlx::test]
async fn a_long_list_is_complete_and_in_order_in_every_batch(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute(
        "INSERT INTO event (dedupe_key, event_type, state, attempts) SELECT 'id:' || n, 'org_change', 'applied', n * 7919 % 2503 FROM generate_series(1, 2500) n;
         INSERT INTO webhook_delivery (message_type, userid, subject, state) SELECT 'staff.left', 'p' || n, 'x', 'delivered' FROM generate_series(1, 2500) n;
         INSERT INTO department (dept_id, name, observed_at) SELECT 5000 + n, 'D' || to_char(n, 'FM0000'), now() FROM generate_series(1, 250) n;
         INSERT INTO sync_run (id, cause, started_by, state, started_at, finished_at, instance, lease_until) OVERRIDING SYSTEM VALUE
             VALUES (900001, 'command', 'x', 'done', now(), now(), gen_random_uuid(), now());
         INSERT INTO sync_change (run_id, position, kind, userid) SELECT 900001, n, 'added', 'p' || n FROM generate_series(1, 2500) n;
         INSERT INTO audit_entry (actor, actor_kind, action, status) SELECT 'mass-' || n, 'person', 'logout', 'out' FROM generate_series(1, 2500) n",
    )
    .await;
    let upwards = |prefix: &str| (1..=2500).map(|n| format!("{prefix}{n}")).collect();
    let downwards = |prefix: &str| (1..=2500).rev().map(|n| format!("{prefix}{n}")).collect();
    let attempts: Vec<String> = {
        let mut attempts: Vec<i32> = (1..=2500).map(|n| n * 7919 % 2503).collect();
        attempts.sort_unstable();
        attempts.iter().map(i32::to_string).collect()
    };
    let departments = (1..=250).map(|n| format!("D{n:04}")).collect();
    let lists: [(&str, &str, Vec<String>); 7] = [
        ("events", "dingtalk_id", downwards("")),
        ("events", "attempts", attempts),
        ("webhooks", "userid", downwards("p")),
        ("syncs/900001", "userid", upwards("p")),
        ("audit", "actor", downwards("mass-")),
        ("audit", "actor", upwards("mass-")),
        ("departments", "name", departments),
    ];
    let queries = [
        "",
        "?sort=attempts",
        "",
        "",
        "?q=mass-",
        "?q=mass-&sort=at",
        "?q=D",
    ];
    for ((list, column, expected), query) in lists.into_iter().zip(queries) {
        let csv = table(&mut admin, &format!("/admin/{list}.csv{query}")).await;
        assert!(
            csv.column(column).iter().eq(expected.iter()),
            "{list}{query}"
        );
        let rows = workbook(&admin.get(&format!("/admin/{list}.xlsx{query}")).await);
        assert_eq!(rows.len(), 1 + expected.len(), "{list}{query}");
    }
}

#[sqlx::test]
async fn a_file_is_named_after_its_list_and_the_day_in_china(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let day = app
        .number("SELECT to_char(now() AT TIME ZONE 'UTC' + interval '8 hours', 'YYYYMMDD')::bigint")
        .await;
    let answer = admin.get("/admin/sessions.xlsx").await;
    let name = answer.header("content-disposition");
    let ascii = name.replace('-', "");
    assert!(
        ascii.contains(&format!("filename=\"sessions{day}.xlsx\"")),
        "{name}"
    );
    assert!(name.contains("filename*=UTF-8''Sessions%2D"), "{name}");
}

#[sqlx::test]
async fn what_cannot_be_exported_offers_no_export(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    let page = admin.get("/admin/search?q=zzz").await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains(".xlsx") && !page.body.contains(".csv"));
}
