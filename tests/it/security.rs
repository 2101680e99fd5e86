//! What stands around the pages: headers, tokens, limits, names.

use dingtalk_sim::company;
use reqwest::Method;
use sqlx::PgPool;

use crate::support::TestApp;

#[sqlx::test]
async fn every_answer_bears_the_security_headers(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.signed_in(company::EMPLOYEE).await;
    for path in [
        "/",
        "/login",
        "/nowhere",
        "/admin/staff",
        "/login/callback",
        "/healthz",
        "/readyz",
        "/dingtalk/events",
    ] {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"),
            "{path}: {policy}"
        );
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("frame-src"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_ne!(answer.header("permissions-policy"), "", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    let login = app.browser().get("/login").await;
    assert!(
        login
            .header("content-security-policy")
            .contains(&format!("frame-src {};", app.sim.url()))
    );
    assert!(
        !login.body.contains("<script>")
            && !login.body.contains("style=\"")
            && !login.body.contains("onclick")
    );
}

#[sqlx::test]
async fn nothing_changes_without_the_token_of_the_session(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    let mut other = app.signed_in(company::EMPLOYEE).await;
    let foreign = other.csrf_token().await;
    let paths = [
        "/logout",
        "/admin/staff/zhangsan01/leave",
        "/admin/staff/zhangsan01/end-sessions",
        "/admin/events/retry-failed",
        "/admin/unmatched/1/approve",
    ];
    for path in paths {
        for fields in [
            &[("reason", "x")][..],
            &[("csrf_token", "")],
            &[("csrf_token", &foreign)],
        ] {
            assert_eq!(
                admin.post_bare(path, fields).await.status,
                403,
                "{path} {fields:?}"
            );
        }
    }
    assert!(admin.is_in().await && other.is_in().await);
    let token = admin.csrf_token().await;
    admin.headers.push(("x-csrf-token", token));
    assert_eq!(
        admin.post_bare("/logout", &[]).await.status,
        303,
        "the header will do"
    );
}

#[sqlx::test]
async fn others_than_administrators_see_no_administration(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut employee = app.signed_in(company::EMPLOYEE).await;
    let mut nobody = app.browser();
    for path in [
        "/admin/unmatched",
        "/admin/staff",
        "/admin/staff.csv",
        "/admin/departments",
        "/admin/events",
        "/admin/syncs",
        "/admin/queue",
        "/admin/sessions",
        "/admin/audit",
    ] {
        let answer = employee.get(path).await;
        assert_eq!(answer.status, 403, "{path}");
        for part in ["Signed in as", "张三", "action=\"/logout\""] {
            assert!(answer.body.contains(part), "{path}: {}", answer.body);
        }
        let answer = nobody.get(&format!("{path}?q=x")).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(
            answer.location().starts_with("/login?rd=%2Fadmin%2F"),
            "{path}: {}",
            answer.location()
        );
    }
    let token = employee.csrf_token().await;
    let answer = employee
        .post_bare(
            "/admin/staff/manager4220/leave",
            &[("csrf_token", &token), ("reason", "x")],
        )
        .await;
    assert_eq!(answer.status, 403);
    assert_eq!(
        app.status_of(company::ADMIN).await.as_deref(),
        Some("employed")
    );
}

#[sqlx::test]
async fn an_administrator_who_is_revoked_is_one_no_longer(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.execute("INSERT INTO admin_grant (userid, unionid, granted_by) SELECT userid, unionid, 'test' FROM staff WHERE userid = 'zhangsan01'")
        .await;
    let mut browser = app.signed_in(company::EMPLOYEE).await;
    assert_eq!(browser.get("/admin/staff").await.status, 200);
    app.execute("DELETE FROM admin_grant").await;
    assert_eq!(browser.get("/admin/staff").await.status, 403);
}

#[sqlx::test]
async fn what_is_not_there_is_said_in_the_readers_language(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.browser();
    let answer = browser.get("/nowhere").await;
    assert_eq!(answer.status, 404);
    assert!(
        answer.body.contains("lang=\"en\"") && answer.body.contains("This page does not exist")
    );
    browser.headers = vec![("accept-language", "zh-CN,zh;q=0.9".to_owned())];
    let answer = browser.get("/nowhere").await;
    assert!(answer.body.contains("lang=\"zh-CN\"") && answer.body.contains("找不到这个页面"));
    for (method, path) in [(Method::POST, "/login"), (Method::GET, "/logout")] {
        let answer = browser.send(method, path, None).await;
        assert_eq!(answer.status, 405, "{path}");
        assert!(
            answer.body.contains("不能这样打开这个地址"),
            "{path}: {}",
            answer.body
        );
    }
}

#[sqlx::test]
async fn a_body_that_is_too_large_is_refused(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    let answer = admin
        .post_bare("/admin/events/retry-failed", &[("x", &"y".repeat(400_000))])
        .await;
    assert_eq!(answer.status, 413);
    let body = format!("{{\"code\":\"{}\"}}", "x".repeat(400_000));
    let answer = app
        .browser()
        .send(
            Method::POST,
            "/login/in-app",
            Some(("application/json", body)),
        )
        .await;
    assert_eq!(answer.status, 413);
}

#[sqlx::test]
async fn another_loopback_name_leads_to_the_public_one(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.browser().at(&format!("http://localhost:{}", app.port));
    let answer = browser.get("/login?rd=%2Fadmin").await;
    assert_eq!(
        (answer.status, answer.location()),
        (307, format!("{}/login?rd=%2Fadmin", app.url).as_str())
    );
    browser.headers.push(("host", "evil.example".to_owned()));
    let answer = browser.get("/login").await;
    assert_eq!(answer.status, 200, "no other name is led anywhere");
}

#[sqlx::test]
async fn pages_show_what_people_chose_to_call_themselves_and_run_none_of_it(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let evil = "<script>alert(1)</script>\"'><img src=x>";
    app.sim.add_outsider(dingtalk_sim::Outsider {
        unionid: "evilUnion1".into(),
        nick: evil.into(),
        external_userid: None,
    });
    let answer = app.browser().scan("evilUnion1", "/").await;
    assert!(
        answer.status == 403
            && !answer.body.contains("<script>alert")
            && !answer.body.contains("<img src=x")
    );
    let mut admin = app.admin().await;
    for path in [
        "/admin/unmatched?reason=all",
        "/admin/audit",
        "/admin/unmatched/1",
    ] {
        let page = admin.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(
            page.body.contains("alert(1)")
                && !page.body.contains("<script>alert")
                && !page.body.contains("<img src=x"),
            "{path}"
        );
    }
}

#[sqlx::test]
async fn a_head_is_a_look_that_changes_nothing(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut anybody = app.browser();
    for (path, status) in [
        ("/", 303),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/dingtalk/events", 200),
        ("/static/tokens.css", 200),
        ("/admin/staff.csv", 303),
        ("/login", 200),
        ("/login/qr", 405),
        ("/login/callback?state=x&code=y", 405),
        ("/logout", 405),
    ] {
        let answer = anybody.send(Method::HEAD, path, None).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
    assert!(anybody.cookies.is_empty(), "{:?}", anybody.cookies);
    assert_eq!(app.number("SELECT count(*) FROM login_state").await, 0);
    let mut admin = app.admin().await;
    let export = admin.send(Method::HEAD, "/admin/staff.csv", None).await;
    assert_eq!(
        (export.status, export.header("content-type")),
        (200, "text/csv; charset=utf-8")
    );
}

#[sqlx::test]
async fn a_nul_is_a_bad_request_and_no_fault_of_ours(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.sim.add_outsider(dingtalk_sim::Outsider {
        unionid: "outside1".into(),
        nick: "x".into(),
        external_userid: None,
    });
    app.browser().scan("outside1", "/").await;
    let mut admin = app.admin().await;
    let nul = "a\0b";
    for (path, fields) in [
        ("/admin/unmatched/1/approve", vec![("userid", nul)]),
        ("/admin/unmatched/1/reject", vec![("reason", nul)]),
        ("/admin/unmatched/bulk", vec![("id", nul), ("action", nul)]),
        ("/admin/staff/zhangsan01/leave", vec![("reason", nul)]),
        (
            "/admin/staff-bulk",
            vec![("userid", nul), ("action", "leave"), ("reason", nul)],
        ),
        ("/admin/sessions/bulk", vec![("id", nul)]),
        (
            "/admin/apps/new",
            vec![("name", nul), ("address", nul), ("description", nul)],
        ),
        ("/admin/alerts/a%00b/dismiss", vec![]),
        ("/admin/staff/a%00b/leave", vec![("reason", "x")]),
        ("/admin/events/retry-failed", vec![("back", nul)]),
    ] {
        let status = admin.post(path, &fields).await.status;
        assert!((400..500).contains(&status), "{path} {fields:?}: {status}");
    }
    for path in [
        "/admin/staff?q=a%00b&department=%00",
        "/admin/staff/a%00b",
        "/admin/audit?action=a%00b&q=%00",
        "/login?rd=/a%00b",
        "/login/callback?state=a%00b&code=a%00b",
        "/admin/unmatched?reason=%00",
    ] {
        let status = admin.get(path).await.status;
        assert!(status < 500, "{path}: {status}");
    }
    let body = serde_json::json!({"code": nul, "rd": nul});
    let answer = admin.post_json("/login/in-app", &body).await;
    assert_eq!(answer.status, 401, "{}", answer.body);
}
