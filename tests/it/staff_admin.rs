//! The staff pages: searching, one person's page, and decisions by hand against events and syncs.

mod decisions;
mod pages;
mod sessions;

use dingtalk_sim::company;
use sqlx::PgPool;

use crate::support::{Answer, Browser, TestApp};

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
