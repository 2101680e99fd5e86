//! What a limited reviewer and an auditor find.

use dingtalk_sim::company::{EMPLOYEE, LEADING_ZERO, TWO_DEPARTMENTS};
use sqlx::PgPool;

use super::{finds_nobody, leads_to, search, wait_for_terms};
use crate::cli::run;
use crate::support::{Browser, TestApp};

const CASES: &str = "
INSERT INTO unmatched_login (id, unionid, userid, nick, reason, last_request_id) OVERRIDING SYSTEM VALUE VALUES
    (1, 'case-within', 'zhangsan01', 'nick-within', 'left', 'R'), (2, 'case-outside', 'lina08', 'nick-outside', 'left', 'R'),
    (3, 'case-unknown', NULL, 'nick-unknown', 'pending_review', 'R');
INSERT INTO unmatched_attempt (case_id, reason, request_id, ip) VALUES (1, 'left', '2222-AAAA', '::1'), (2, 'left', '2222-BBBB', '::1'), (3, 'pending_review', '2222-CCCC', '::1')";

async fn holder(app: &TestApp, role: &[&str]) -> Browser {
    app.execute(CASES).await;
    let ended = run(
        &app.settings,
        &[&["admin", "grant", LEADING_ZERO], role].concat(),
    );
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    wait_for_terms(app).await;
    app.signed_in(LEADING_ZERO).await
}

#[sqlx::test]
async fn a_limited_reviewer_finds_only_people_within_the_limit(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut reviewer = holder(&app, &["--role", "reviewer", "--departments", "410020006"]).await;
    let within = format!("/admin/staff/{EMPLOYEE}");
    for text in [EMPLOYEE, "13800000003", "nick-within"] {
        leads_to(&mut reviewer, text, &within).await;
    }
    leads_to(
        &mut reviewer,
        "2222aaaa",
        &format!("{within}?reference=2222-AAAA"),
    )
    .await;
    for text in [
        TWO_DEPARTMENTS,
        "nick-outside",
        "nick-unknown",
        "2222-BBBB",
        "2222-CCCC",
    ] {
        finds_nobody(&mut reviewer, text).await;
    }
    let page = reviewer.get(&format!("{within}?kind=event")).await;
    assert!(
        page.status == 200 && !page.body.contains("value=\"event\""),
        "{}",
        page.body
    );
    let mut admin = app.admin().await;
    leads_to(
        &mut admin,
        TWO_DEPARTMENTS,
        &format!("/admin/staff/{TWO_DEPARTMENTS}"),
    )
    .await;
    leads_to(
        &mut admin,
        "2222-CCCC",
        "/admin/unmatched/3?reference=2222-CCCC",
    )
    .await;
}

#[sqlx::test]
async fn an_auditor_finds_people_but_not_by_contact_data(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut auditor = holder(&app, &["--role", "auditor"]).await;
    let mut admin = app.admin().await;
    let page = format!("/admin/staff/{EMPLOYEE}");
    for text in [
        "13800000003",
        "1380000000",
        "+86 138 0000 0003",
        "zhangsan@corp",
    ] {
        finds_nobody(&mut auditor, text).await;
        let found = search(&mut admin, text).await;
        assert!(
            found.location() == page || found.body.contains(&page),
            "{text}"
        );
    }
    for text in [EMPLOYEE, "nick-within"] {
        leads_to(&mut auditor, text, &page).await;
    }
    app.execute("UPDATE staff SET mobile = '13800009999', email = 'other@corp.example.com', title = 'Boss' WHERE userid = 'zhangsan01'").await;
    let (masked, shown) = (auditor.get(&page).await.body, admin.get(&page).await.body);
    for contact in ["13800000003", "13800009999", "other@corp.example.com"] {
        assert!(shown.contains(contact), "{contact}: {shown}");
        assert!(!masked.contains(contact), "{contact}: {masked}");
    }
    assert!(
        masked.contains("****") && masked.contains("Boss"),
        "{masked}"
    );
}

#[sqlx::test]
async fn an_employee_searches_nobody(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut employee = app.signed_in(EMPLOYEE).await;
    assert_eq!(search(&mut employee, "zhang").await.status, 403);
    assert_eq!(search(&mut app.browser(), "zhang").await.status, 303);
    assert!(!employee.get("/").await.body.contains("/admin/search"));
}
