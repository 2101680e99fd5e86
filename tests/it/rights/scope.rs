//! A reviewer who is limited to departments, and what no reviewer decides.

use std::time::Duration;

use dingtalk_sim::company::{ADMIN, EMPLOYEE, LEADING_ZERO, TWO_DEPARTMENTS};
use sqlx::PgPool;

use super::grant;
use crate::support::{Browser, TestApp, eventually};

const FINANCE: &str = "410020006";
const TECHNOLOGY: &str = "410020001";
/// In a department below [`TECHNOLOGY`].
const BELOW: &str = "wangwei07";
const BECAUSE: (&str, &str) = ("reason", "because");

/// The browser of a reviewer who is limited to these departments.
async fn limited_to(app: &TestApp, departments: &str) -> Browser {
    grant(
        app,
        &[
            LEADING_ZERO,
            "--role",
            "reviewer",
            "--departments",
            departments,
        ],
    );
    app.signed_in(LEADING_ZERO).await
}

#[sqlx::test]
async fn a_limited_reviewer_finds_nobody_outside_the_granted_departments(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut reviewer = limited_to(&app, FINANCE).await;
    for page in ["/admin/staff", "/admin/staff.csv", "/admin/staff?q=a"] {
        let page = reviewer.get(page).await.body;
        assert!(
            page.contains(EMPLOYEE) && !page.contains(TWO_DEPARTMENTS),
            "{page}"
        );
    }
    assert_eq!(
        reviewer
            .get(&format!("/admin/staff/{EMPLOYEE}"))
            .await
            .status,
        200
    );
    let outside = format!("/admin/staff/{TWO_DEPARTMENTS}");
    assert_eq!(reviewer.get(&outside).await.status, 404);
    for action in ["leave", "restore", "end-sessions"] {
        let answer = reviewer
            .post(&format!("{outside}/{action}"), &[BECAUSE])
            .await;
        assert_eq!(answer.status, 404, "{action}: {}", answer.body);
    }
    let bulk = [("ids", TWO_DEPARTMENTS), ("action", "leave"), BECAUSE];
    assert_eq!(reviewer.post("/admin/staff-bulk", &bulk).await.status, 404);
    let confirmed = [&bulk[..], &[("confirmed", "yes")]].concat();
    assert_eq!(
        reviewer.post("/admin/staff-bulk", &confirmed).await.status,
        404
    );
    let both = [&confirmed[..], &[("ids", EMPLOYEE)]].concat();
    assert_eq!(reviewer.post("/admin/staff-bulk", &both).await.status, 303);
    assert_eq!(
        app.status_of(TWO_DEPARTMENTS).await.as_deref(),
        Some("employed")
    );
    assert_eq!(app.status_of(EMPLOYEE).await.as_deref(), Some("left"));
}

#[sqlx::test]
async fn the_limit_covers_the_departments_below_and_their_tree(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut reviewer = limited_to(&app, TECHNOLOGY).await;
    assert_eq!(
        reviewer.get(&format!("/admin/staff/{BELOW}")).await.status,
        200
    );
    assert_eq!(
        reviewer
            .get(&format!("/admin/staff/{EMPLOYEE}"))
            .await
            .status,
        404
    );
    for page in [
        "/admin/departments",
        "/admin/departments?view=list",
        "/admin/staff",
    ] {
        let page = reviewer.get(page).await.body;
        assert!(
            page.contains("平台研发组") && !page.contains("财务部"),
            "{page}"
        );
    }
    assert_eq!(
        reviewer.get("/admin/departments/410020011").await.status,
        200
    );
    assert_eq!(
        reviewer
            .get(&format!("/admin/departments/{FINANCE}"))
            .await
            .status,
        404
    );
    let people = app
        .number("SELECT count(DISTINCT userid) FROM staff_department WHERE dept_id IN (410020001, 410020011, 410020012, 410020013, 410020014)")
        .await;
    let overview = reviewer.get("/admin").await.body;
    assert!(
        overview.contains(&format!("<strong>{people}</strong>")),
        "{overview}"
    );
    assert!(!overview.contains("/admin/events"), "{overview}");
}

#[sqlx::test]
async fn of_the_cases_a_limited_reviewer_sees_those_of_people_within_the_limit(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.execute(
        "INSERT INTO unmatched_login (id, unionid, userid, nick, reason, last_request_id) OVERRIDING SYSTEM VALUE VALUES
             (1, 'within', 'zhangsan01', 'case-within', 'left', 'R'),
             (2, 'outside', 'lina08', 'case-outside', 'left', 'R'),
             (3, 'unknown', NULL, 'case-unknown', 'pending_review', 'R'),
             (4, 'outsider', 'zhangsan01', 'case-external', 'not_employee', 'R');
         -- One case of two rows, of which one is outside.
         INSERT INTO unmatched_login (id, unionid, userid, nick, reason, last_request_id) OVERRIDING SYSTEM VALUE
             SELECT 5, unionid, 'zhangsan01', 'case-between', 'left', 'R' FROM staff WHERE userid = 'lina08'",
    )
    .await;
    let mut reviewer = limited_to(&app, FINANCE).await;
    for page in [
        "/admin/unmatched?reason=all",
        "/admin/unmatched.csv?reason=all",
    ] {
        let page = reviewer.get(page).await.body;
        assert!(page.contains("case-within"), "{page}");
        for other in [
            "case-outside",
            "case-unknown",
            "case-external",
            "case-between",
        ] {
            assert!(!page.contains(other), "{other}: {page}");
        }
    }
    assert_eq!(reviewer.get("/admin/unmatched/1").await.status, 200);
    for id in 2..=5 {
        let path = format!("/admin/unmatched/{id}");
        assert_eq!(reviewer.get(&path).await.status, 404, "{id}");
        for decision in ["approve", "reject", "reopen"] {
            let answer = reviewer
                .post(&format!("{path}/{decision}"), &[BECAUSE])
                .await;
            assert_eq!(answer.status, 404, "{id} {decision}: {}", answer.body);
        }
    }
    let bulk = [("ids", "2"), ("ids", "3"), ("action", "reject"), BECAUSE];
    assert_eq!(
        reviewer.post("/admin/unmatched/bulk", &bulk).await.status,
        404
    );
    let untouched = "SELECT count(*) FROM unmatched_login WHERE state = 'waiting'";
    assert_eq!(app.number(untouched).await, 5);
    let answer = reviewer.post("/admin/unmatched/1/reject", &[BECAUSE]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

#[sqlx::test]
async fn no_reviewer_decides_about_administrators_or_themselves(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    grant(&app, &[LEADING_ZERO, "--role", "reviewer"]);
    grant(&app, &[EMPLOYEE]);
    let mut reviewer = app.signed_in(LEADING_ZERO).await;
    for userid in [ADMIN, EMPLOYEE, LEADING_ZERO] {
        for action in ["leave", "end-sessions"] {
            let path = format!("/admin/staff/{userid}/{action}");
            let answer = reviewer.post(&path, &[BECAUSE]).await;
            assert_eq!(answer.status, 409, "{path}: {}", answer.body);
        }
        assert_eq!(app.status_of(userid).await.as_deref(), Some("employed"));
    }
    app.execute("INSERT INTO unmatched_login (id, unionid, userid, nick, reason, last_request_id) OVERRIDING SYSTEM VALUE VALUES (1, 'another', 'manager4220', 'x', 'pending_review', 'R')").await;
    let answer = reviewer.post("/admin/unmatched/1/reject", &[BECAUSE]).await;
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert!(
        answer.body.contains("is an administrator"),
        "{}",
        answer.body
    );
    assert!(reviewer.is_in().await);
}

#[sqlx::test]
async fn whoever_may_not_end_their_own_sessions_stays_signed_in(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    grant(&app, &[LEADING_ZERO, "--role", "reviewer"]);
    let mut reviewer = app.signed_in(LEADING_ZERO).await;
    let _other = app.signed_in(EMPLOYEE).await;
    let both = [
        ("ids", LEADING_ZERO),
        ("ids", EMPLOYEE),
        ("action", "end-sessions"),
        ("confirmed", "yes"),
        BECAUSE,
    ];
    let answer = reviewer.post("/admin/staff-bulk", &both).await;
    assert_eq!((answer.status, answer.location()), (303, "/admin/staff"));
    assert!(reviewer.is_in().await);
    let sessions = "SELECT count(*) FROM web_session WHERE userid = 'zhangsan01'";
    assert_eq!(app.number(sessions).await, 0);
}

#[sqlx::test]
async fn a_case_is_decided_by_the_rows_that_there_are(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    // A person left within the limit, and DingTalk names a userid that has no row yet.
    app.execute(
        "INSERT INTO staff (userid, unionid, status, left_at, left_cause) VALUES ('former', 'u-former', 'left', now(), 'event');
         INSERT INTO staff_department (userid, dept_id) VALUES ('former', 410020006);
         INSERT INTO unmatched_login (id, unionid, userid, nick, reason, last_request_id) OVERRIDING SYSTEM VALUE VALUES
             (1, 'u-former', 'hired-again', 'x', 'left', 'R')",
    )
    .await;
    let mut reviewer = limited_to(&app, FINANCE).await;
    assert_eq!(reviewer.get("/admin/unmatched/1").await.status, 200);
    let answer = reviewer.post("/admin/unmatched/1/reject", &[BECAUSE]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

#[sqlx::test]
async fn a_limited_reviewer_cannot_try_out_who_there_is_elsewhere(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.execute(
        "INSERT INTO unmatched_login (id, unionid, userid, nick, reason, last_request_id) OVERRIDING SYSTEM VALUE VALUES
             (1, 'within', 'zhangsan01', 'x', 'left', 'R')",
    )
    .await;
    let mut reviewer = limited_to(&app, FINANCE).await;
    for userid in [TWO_DEPARTMENTS, "nobody"] {
        let answer = reviewer
            .post("/admin/unmatched/1/approve", &[("userid", userid), BECAUSE])
            .await;
        assert_eq!(answer.status, 409, "{}", answer.body);
        let sentence = format!("There is no {userid} in the staff table");
        assert!(answer.body.contains(&sentence), "{}", answer.body);
    }
    let app_filter = reviewer.get("/admin/staff?department=app-1").await;
    assert_eq!(app_filter.status, 400, "{}", app_filter.body);
}

#[sqlx::test]
async fn the_path_of_a_department_begins_within_the_limit(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let above = "技术中心";
    let mut admin = app.admin().await;
    let list = "/admin/departments?view=list&q=410020011";
    assert!(admin.get(list).await.body.contains(above));
    let mut reviewer = limited_to(&app, "410020011").await;
    let page = reviewer.get(list).await.body;
    assert!(
        page.contains("平台研发组") && !page.contains(above),
        "{page}"
    );
}

#[sqlx::test]
async fn a_limited_reviewer_sees_newcomers_whom_the_directory_places_within_the_limit(
    pool: PgPool,
) {
    let app = TestApp::spawn(&pool).await;
    app.execute("DELETE FROM staff WHERE userid IN ('zhangsan01', 'wangwei07')")
        .await;
    let unionid = |userid: &str| app.sim.person(userid).unwrap().unionid;
    for userid in [EMPLOYEE, BELOW] {
        assert_eq!(app.browser().scan(&unionid(userid), "/").await.status, 403);
    }
    eventually("both are looked up", Duration::from_secs(20), async || {
        app.number("SELECT count(*) FROM unmatched_person WHERE standing = 'member'")
            .await
            == 2
    })
    .await;
    let mut reviewer = limited_to(&app, FINANCE).await;
    let case_of = async |userid: &str| {
        let case = format!("SELECT id FROM unmatched_login WHERE userid = '{userid}'");
        app.number(&case).await
    };
    let (within, outside) = (case_of(EMPLOYEE).await, case_of(BELOW).await);
    let list = reviewer.get("/admin/unmatched").await.body;
    assert!(list.contains(EMPLOYEE) && !list.contains(BELOW), "{list}");
    assert!(
        list.contains("<title>(1) "),
        "only those within are counted: {list}"
    );
    for action in ["", "/approve", "/reject", "/reopen", "/limit", "/lookup"] {
        let path = format!("/admin/unmatched/{outside}{action}");
        let answer = match action {
            "" => reviewer.get(&path).await,
            _ => reviewer.post(&path, &[BECAUSE]).await,
        };
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
    }
    // Moved out of the limit since: what the approval finds decides.
    let elsewhere = dingtalk_sim::PersonChange {
        departments: Some(vec![410_020_011]),
        ..dingtalk_sim::PersonChange::default()
    };
    app.sim.change_quietly(EMPLOYEE, elsewhere).unwrap();
    let path = format!("/admin/unmatched/{within}");
    let answer = reviewer.post(&format!("{path}/approve"), &[]).await;
    assert_eq!(answer.status, 404, "{}", answer.body);
    assert_eq!(app.status_of(EMPLOYEE).await, None);
    let back = dingtalk_sim::PersonChange {
        departments: Some(vec![410_020_006]),
        ..dingtalk_sim::PersonChange::default()
    };
    app.sim.change_quietly(EMPLOYEE, back).unwrap();
    let answer = reviewer.post(&format!("{path}/approve"), &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(app.status_of(EMPLOYEE).await.as_deref(), Some("employed"));
}

#[sqlx::test]
async fn what_a_reviewer_may_not_decide_is_not_offered(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    grant(&app, &[LEADING_ZERO, "--role", "reviewer"]);
    grant(&app, &[EMPLOYEE, "--role", "auditor"]);
    app.execute("INSERT INTO unmatched_login (id, unionid, userid, nick, reason, last_request_id) OVERRIDING SYSTEM VALUE VALUES (1, 'another', 'manager4220', 'x', 'pending_review', 'R'), (2, 'third', 'lina08', 'x', 'left', 'R')").await;
    let offers = |page: &str| page.contains("/approve\"") || page.contains("/reject\"");
    let mut reviewer = app.signed_in(LEADING_ZERO).await;
    let page = reviewer.get("/admin/unmatched/1").await.body;
    assert!(
        page.contains("is an administrator") && !offers(&page),
        "{page}"
    );
    assert!(offers(&reviewer.get("/admin/unmatched/2").await.body));
    let mut auditor = app.signed_in(EMPLOYEE).await;
    let page = auditor.get("/admin/unmatched/2").await.body;
    assert!(!offers(&page) && !page.contains("/lookup\""), "{page}");
    for action in ["limit", "lookup"] {
        let answer = auditor
            .post(&format!("/admin/unmatched/2/{action}"), &[])
            .await;
        assert_eq!(answer.status, 403, "{action}: {}", answer.body);
    }
}
