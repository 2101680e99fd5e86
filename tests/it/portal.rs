//! The portal: who I am, and ending sessions of my own and of nobody else.

use dingtalk_sim::company;
use sqlx::PgPool;

use crate::support::{Browser, TestApp};

/// The addresses that end the other sessions of a portal.
async fn end_paths(browser: &mut Browser) -> Vec<String> {
    let page = browser.get("/").await.body;
    page.split("action=\"/sessions/")
        .skip(1)
        .filter_map(|tail| tail.split('"').next())
        .filter(|path| path.ends_with("/end"))
        .map(|path| format!("/sessions/{path}"))
        .collect()
}

async fn own_id(app: &TestApp, userid: &str) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    sqlx::query_scalar(
        "SELECT id::text FROM web_session WHERE userid = $1 ORDER BY created_at LIMIT 1",
    )
    .bind(userid)
    .fetch_one(&app.pool)
    .await
    .unwrap()
}

async fn ended_lines(app: &TestApp) -> i64 {
    app.number(
        "SELECT count(*) FROM audit_entry WHERE action = 'session.end' AND actor = 'zhangsan01' AND userid = actor
         AND reference IS NOT NULL AND ip = '127.0.0.1'",
    )
    .await
}

#[sqlx::test]
async fn one_other_session_is_ended_at_once(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut here = app.signed_in(company::EMPLOYEE).await;
    assert!(
        end_paths(&mut here).await.is_empty(),
        "this one is signed out of, not ended"
    );
    let mut there = app.signed_in(company::EMPLOYEE).await;
    let paths = end_paths(&mut here).await;
    assert_eq!(paths.len(), 1);
    assert_eq!(
        here.post_bare(&paths[0], &[]).await.status,
        403,
        "without the token"
    );
    assert!(there.is_in().await);
    let answer = here.post(&paths[0], &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/"));
    assert!(!there.is_in().await);
    let page = here.get("/").await.body;
    assert!(page.contains("You have been signed out on"), "{page}");
    assert_eq!(ended_lines(&app).await, 1);
    here.post(&paths[0], &[]).await;
    assert!(here.get("/").await.body.contains("was signed out already"));
    assert_eq!(ended_lines(&app).await, 1);
    assert_eq!(here.post("/sessions/x/end", &[]).await.status, 404);
}

#[sqlx::test]
async fn nobody_ends_the_session_of_somebody_else(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    let mut employee = app.signed_in(company::EMPLOYEE).await;
    let path = format!("/sessions/{}/end", own_id(&app, company::ADMIN).await);
    assert_eq!(employee.post(&path, &[]).await.status, 303);
    assert!(
        employee
            .get("/")
            .await
            .body
            .contains("was signed out already"),
        "as if there were none"
    );
    assert_eq!(employee.post("/sessions/end-others", &[]).await.status, 303);
    assert!(admin.is_in().await);
    assert_eq!(ended_lines(&app).await, 0);
    let mut nobody = app.browser();
    assert_eq!(nobody.post_bare(&path, &[]).await.status, 303);
    assert!(admin.is_in().await);
}

#[sqlx::test]
async fn all_others_are_ended_and_this_one_stays(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut here = app.signed_in(company::EMPLOYEE).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(app.signed_in(company::EMPLOYEE).await);
    }
    let mut colleague = app.signed_in(company::LEADING_ZERO).await;
    let page = here.get("/").await.body;
    assert!(
        page.contains("You will be signed out on 3 other devices"),
        "{page}"
    );
    assert_eq!(
        here.post_bare("/sessions/end-others", &[]).await.status,
        403
    );
    let answer = here.post("/sessions/end-others", &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/"));
    for other in &mut others {
        assert!(!other.is_in().await);
    }
    assert!(colleague.is_in().await);
    let page = here.get("/").await.body;
    assert!(
        page.contains("You have been signed out on 3 other devices"),
        "{page}"
    );
    assert!(!page.contains("/sessions/end-others"));
    assert_eq!(
        app.number("SELECT status::bigint FROM audit_entry WHERE action = 'session.end'")
            .await,
        3
    );
    here.post("/sessions/end-others", &[]).await;
    assert!(
        here.get("/")
            .await
            .body
            .contains("not signed in anywhere else")
    );
}

#[sqlx::test]
async fn ending_this_very_session_signs_out(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut here = app.signed_in(company::EMPLOYEE).await;
    let path = format!("/sessions/{}/end", own_id(&app, company::EMPLOYEE).await);
    let answer = here.post(&path, &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"));
    assert!(!here.is_in().await);
}

#[sqlx::test]
async fn the_way_to_each_department_is_shown_and_leaders_are_marked(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut leader = app.signed_in(company::TWO_DEPARTMENTS).await;
    let page = leader.get("/").await.body;
    assert!(
        page.contains(
            "云杉科技有限公司 / 技术中心 <span class=\"badge tone-neutral\">Leader</span>"
        ),
        "{page}"
    );
    assert!(
        page.contains("云杉科技有限公司 / 技术中心 / 平台研发组</li>"),
        "{page}"
    );
    assert!(page.contains("This device") && page.contains("技术总监"));
}
