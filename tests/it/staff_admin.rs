//! The staff pages: searching, one person's page, and decisions by hand against events and syncs.

use std::time::Duration;

use dingtalk_sim::{Fault, company};
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Answer, Browser, TestApp, eventually};

const LEAVE: &str = "/admin/staff/zhangsan01/leave";
const RESTORE: &str = "/admin/staff/zhangsan01/restore";
const END: &str = "/admin/staff/zhangsan01/end-sessions";
const BECAUSE: (&str, &str) = ("reason", "because");

async fn spawn(pool: &PgPool) -> (TestApp, Browser) {
    let app = TestApp::spawn(pool).await;
    let admin = app.admin().await;
    (app, admin)
}

fn unionid(app: &TestApp) -> String {
    app.sim.person(company::EMPLOYEE).unwrap().unionid
}

fn assert_refused(answer: &Answer, status: u16, sentence: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert!(
        answer.body.contains(sentence),
        "{sentence} is not in {}",
        answer.body
    );
}

/// Runs a full sync as the administrators' command does, and waits for it.
async fn sync(app: &TestApp) {
    let runs = app.number("SELECT count(*) FROM sync_run").await;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dinggate"));
    command.arg("sync").env_clear().envs(&app.settings);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        app.number("SELECT count(*) FROM sync_run WHERE state = 'done'")
            .await,
        runs + 1
    );
}

#[sqlx::test]
async fn whom_an_administrator_marks_as_left_only_a_restore_brings_back(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let second = app.another_instance().await;
    let mut browser = app.signed_in(company::EMPLOYEE).await;
    let mut elsewhere = app.signed_in(company::EMPLOYEE).await.at(&second.url);
    let page = admin.get("/admin/staff/zhangsan01").await.body;
    assert!(page.contains("signed out of 2 devices"), "{page}");

    let answer = admin.post(LEAVE, &[("reason", " ")]).await;
    assert_refused(&answer, 400, "Please give a reason");
    assert!(browser.is_in().await);
    let answer = admin.post(LEAVE, &[BECAUSE]).await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/admin/staff/zhangsan01")
    );
    assert!(
        admin
            .get("/admin/staff/zhangsan01")
            .await
            .body
            .contains("is marked as left and signed out of 2 devices")
    );
    assert!(!browser.is_in().await && !elsewhere.is_in().await);
    assert_refused(&app.browser().scan(&unionid(&app), "/").await, 403, "left");

    for event in ["user_add_org", "user_active_org", "user_modify_org"] {
        app.deliver(
            &json!({"EventType": event, "UserId": [company::EMPLOYEE], "TimeStamp": event}),
        )
        .await;
    }
    eventually(
        "the events are applied",
        Duration::from_secs(5),
        async || {
            app.number("SELECT count(*) FROM event WHERE state = 'applied'")
                .await
                >= 3
        },
    )
    .await;
    sync(&app).await;
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("left")
    );
    let case = app
        .number(&format!(
            "SELECT id FROM unmatched_login WHERE unionid = '{}'",
            unionid(&app)
        ))
        .await;
    let answer = admin
        .post(&format!("/admin/unmatched/{case}/approve"), &[])
        .await;
    assert_refused(
        &answer,
        409,
        "zhangsan01 was marked as left by an administrator",
    );
    assert_refused(&admin.post(LEAVE, &[BECAUSE]).await, 409, "by hand already");

    assert_refused(&admin.post(RESTORE, &[]).await, 400, "Please give a reason");
    assert_eq!(
        admin.post(RESTORE, &[("reason", "a mistake")]).await.status,
        303
    );
    assert_eq!(app.browser().scan(&unionid(&app), "/").await.status, 303);
    assert_eq!(
        app.number(&format!(
            "SELECT count(*) FROM unmatched_login WHERE id = {case} AND state = 'closed'"
        ))
        .await,
        1
    );
    let trail = format!(
        "SELECT count(*) FROM audit_entry WHERE actor = '{}' AND userid = 'zhangsan01'
         AND (action, reason) IN (('staff.left', 'because'), ('staff.restored', 'a mistake')) AND address IS NOT NULL",
        company::ADMIN
    );
    assert_eq!(app.number(&trail).await, 2);
    assert_refused(
        &admin.post(RESTORE, &[BECAUSE]).await,
        409,
        "nothing to restore",
    );
}

#[sqlx::test]
async fn whom_dingtalk_does_not_list_is_not_restored(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.sim.dismiss_quietly(company::EMPLOYEE).unwrap();
    app.deliver(
        &json!({"EventType": "user_leave_org", "UserId": [company::EMPLOYEE], "TimeStamp": "1"}),
    )
    .await;
    assert_refused(
        &admin.post(RESTORE, &[BECAUSE]).await,
        409,
        "does not list this person",
    );
    app.sim.fault("/topapi/v2/user/get", Fault::CloseConnection);
    let answer = admin.post(RESTORE, &[BECAUSE]).await;
    assert_refused(&answer, 503, "did not answer in time");
    assert_ne!(answer.header("retry-after"), "");
    app.sim.fault("/topapi/v2/user/get", Fault::ErrCode(50002));
    assert_refused(
        &admin.post(RESTORE, &[BECAUSE]).await,
        503,
        "DingTalk refuses our request",
    );
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("left")
    );
}

#[sqlx::test]
async fn a_unionid_in_use_keeps_the_old_row_out(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    assert_eq!(admin.post(LEAVE, &[BECAUSE]).await.status, 303);
    app.execute(
        "INSERT INTO staff (userid, unionid, name) SELECT 'zhangsan-twin', unionid, name FROM staff WHERE userid = 'zhangsan01'",
    )
    .await;
    assert_refused(
        &admin.post(RESTORE, &[BECAUSE]).await,
        409,
        "zhangsan-twin, who is employed, has the same unionid",
    );
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("left")
    );
}

#[sqlx::test]
async fn a_leaving_by_event_can_be_made_a_decision(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.deliver(
        &json!({"EventType": "user_leave_org", "UserId": [company::EMPLOYEE], "TimeStamp": "1"}),
    )
    .await;
    assert_eq!(admin.post(LEAVE, &[BECAUSE]).await.status, 303);
    app.deliver(
        &json!({"EventType": "user_add_org", "UserId": [company::EMPLOYEE], "TimeStamp": "2"}),
    )
    .await;
    eventually("the event is applied", Duration::from_secs(5), async || {
        app.number("SELECT count(*) FROM event WHERE state = 'applied'")
            .await
            == 2
    })
    .await;
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("left")
    );
    let page = admin.get("/admin/staff/zhangsan01").await.body;
    assert!(
        page.contains("because") && page.contains("by hand") && !page.contains("zhangsan01/leave"),
        "{page}"
    );
}

#[sqlx::test]
async fn sessions_are_ended_one_by_one_or_all_at_once(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let mut browsers = Vec::new();
    for _ in 0..3 {
        browsers.push(app.signed_in(company::EMPLOYEE).await);
    }
    let page = admin.get("/admin/staff/zhangsan01").await.body;
    let id = page.split_once("name=\"session\" value=\"").unwrap().1[..36].to_owned();
    let answer = admin.post(END, &[("session", &id)]).await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/admin/staff/zhangsan01")
    );
    assert!(
        admin
            .get("/admin/staff/zhangsan01")
            .await
            .body
            .contains("is signed out of 1 device")
    );
    assert_eq!(
        app.number("SELECT count(*) FROM web_session WHERE userid = 'zhangsan01'")
            .await,
        2
    );

    let own = format!(
        "SELECT count(*) FROM web_session WHERE userid = '{}'",
        company::ADMIN
    );
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    let own_id: String = sqlx::query_scalar("SELECT id::text FROM web_session WHERE userid = $1")
        .bind(company::ADMIN)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(admin.post(END, &[("session", &own_id)]).await.status, 303);
    assert_eq!(
        app.number(&own).await,
        1,
        "another person's session is not ended on this page"
    );

    assert_refused(&admin.post(END, &[]).await, 400, "Please give a reason");
    assert_eq!(admin.post(END, &[BECAUSE]).await.status, 303);
    for browser in &mut browsers {
        assert!(!browser.is_in().await);
    }
    assert!(
        app.browser().scan(&unionid(&app), "/").await.status == 303,
        "whose sessions ended may sign in again"
    );
    assert_eq!(
        app.number(
            "SELECT count(*) FROM audit_entry WHERE action = 'session.end' AND status IN ('1', '2')"
        )
        .await,
        2
    );
}

#[sqlx::test]
async fn nobody_locks_themselves_out(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let path = format!("/admin/staff/{}", company::ADMIN);
    assert_refused(
        &admin.post(&format!("{path}/leave"), &[BECAUSE]).await,
        409,
        "cannot mark yourself",
    );
    assert!(
        !admin
            .get(&path)
            .await
            .body
            .contains(&format!("{path}/leave"))
    );
    assert!(admin.is_in().await);
    assert_eq!(
        admin
            .post(&format!("{path}/end-sessions"), &[BECAUSE])
            .await
            .status,
        303
    );
    assert!(!admin.is_in().await, "signing oneself out is no harm");
    drop(app);
}

#[sqlx::test]
async fn odd_userids_have_pages_and_unknown_ones_have_none(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    app.execute("INSERT INTO staff (userid, name) VALUES ('a/b ?c#%2F&<é>', '奇怪'), ('..x', '')")
        .await;
    let list = admin.get("/admin/staff?q=奇怪").await.body;
    let path = "/admin/staff/a%2Fb%20%3Fc%23%252F%26%3C%C3%A9%3E";
    assert!(list.contains(path), "{list}");
    let page = admin.get(path).await;
    assert!(
        page.status == 200 && page.body.contains("a/b ?c#%2F&#38;&#60;é&#62;"),
        "{}",
        page.body
    );
    let answer = admin.post(&format!("{path}/leave"), &[BECAUSE]).await;
    assert_eq!((answer.status, answer.location()), (303, path));
    assert_eq!(
        app.status_of("a/b ?c#%2F&<é>").await.as_deref(),
        Some("left")
    );
    assert_eq!(admin.get("/admin/staff/..x").await.status, 200);
    for unknown in [
        "/admin/staff/nobody",
        "/admin/staff/%00",
        "/admin/staff/%FF",
        "/admin/staff/a/b",
    ] {
        assert_eq!(admin.get(unknown).await.status, 404, "{unknown}");
    }
    for action in ["leave", "restore", "end-sessions"] {
        assert_eq!(
            admin
                .post(&format!("/admin/staff/nobody/{action}"), &[BECAUSE])
                .await
                .status,
            404,
            "{action}"
        );
    }
}

#[sqlx::test]
async fn the_list_is_searched_and_filtered(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    app.execute(
        "INSERT INTO department (dept_id, parent_id, name, looked_at) VALUES
             (1, NULL, 'root', now()), (10, 1, 'Branch', now()), (11, 10, 'Leaf', now()), (12, 13, 'Ring', now()), (13, 12, 'Ring too', now());
         INSERT INTO staff (userid, unionid, name, job_number, title, mobile, email) VALUES
             ('u-1', 'UNION-1', 'Anna One', 'J-100', 'Engineer', '13800000001', 'anna@example.com'),
             ('u-2', 'UNION-2', 'Bert Two', NULL, NULL, NULL, NULL);
         INSERT INTO staff (userid, name, status, left_at, left_cause) VALUES ('u-3', 'Carl Three', 'left', now(), 'event');
         INSERT INTO staff_department (userid, dept_id) VALUES ('u-1', 11), ('u-2', 10), ('u-3', 12)",
    )
    .await;
    for (query, people) in [
        ("q=u-", "123"),
        ("q=anna+one", "1"),
        ("q=union-2", "2"),
        ("q=j-100", "1"),
        ("q=engineer", "1"),
        ("q=0000001", "1"),
        ("q=ANNA%40example", "1"),
        ("q=100%25", ""),
        ("q=_", ""),
        ("q=u-&status=employed", "12"),
        ("q=u-&status=left", "3"),
        ("department=10", "12"),
        ("department=11", "1"),
        ("department=13", "3"),
        ("department=999", ""),
        ("q=u-&per_page=2", "12"),
        ("q=u-&per_page=2&page=2", "3"),
    ] {
        let page = admin.get(&format!("/admin/staff?{query}")).await;
        let seen: String = ["1", "2", "3"]
            .into_iter()
            .filter(|n| page.body.contains(&format!("href=\"/admin/staff/u-{n}\"")))
            .collect();
        assert_eq!((page.status, seen.as_str()), (200, people), "{query}");
    }
    for (query, named) in [("status=fired", "fired"), ("department=x1", "x1")] {
        assert_refused(
            &admin.get(&format!("/admin/staff?{query}")).await,
            400,
            named,
        );
    }
}

#[sqlx::test]
async fn a_persons_page_shows_all_that_is_known(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.signed_in(company::TWO_DEPARTMENTS).await;
    app.deliver(&json!({"EventType": "user_modify_org", "UserId": [company::TWO_DEPARTMENTS], "TimeStamp": "1"})).await;
    let person = app.sim.person(company::TWO_DEPARTMENTS).unwrap();
    let page = admin
        .get(&format!("/admin/staff/{}", person.userid))
        .await
        .body;
    for part in [
        &person.name,
        &person.userid,
        &person.unionid,
        "Leader",
        "127.0.0.1",
        "Details changed",
        "Signed in",
        "Employed",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for department in person.memberships {
        assert!(
            page.contains(&format!("/admin/staff?department={}", department.dept_id)),
            "{page}"
        );
    }
}

#[sqlx::test]
async fn every_action_wants_an_administrator_and_the_token(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let mut employee = app.signed_in(company::EMPLOYEE).await;
    for path in [LEAVE, RESTORE, END] {
        assert_eq!(
            admin.post_bare(path, &[BECAUSE]).await.status,
            403,
            "{path} without a token"
        );
        assert_eq!(
            admin
                .post_bare(path, &[BECAUSE, ("csrf_token", "x")])
                .await
                .status,
            403,
            "{path} with a wrong one"
        );
        assert_eq!(
            employee.post(path, &[BECAUSE]).await.status,
            403,
            "{path} as an employee"
        );
        assert_eq!(
            app.browser().post_bare(path, &[BECAUSE]).await.status,
            303,
            "{path} without a session"
        );
    }
    for path in [
        "/admin/staff",
        "/admin/staff.csv",
        "/admin/staff/zhangsan01",
    ] {
        assert_eq!(employee.get(path).await.status, 403, "{path}");
        assert_eq!(app.browser().get(path).await.status, 303, "{path}");
    }
    assert!(employee.is_in().await);
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("employed")
    );
}
