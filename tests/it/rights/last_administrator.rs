//! The interface never ends the rights of the last administrator.

use dingtalk_sim::company::{ADMIN, EMPLOYEE};
use sqlx::PgPool;

use super::{account, grant, may_administer};
use crate::support::TestApp;

#[sqlx::test]
async fn two_administrators_who_mark_each_other_as_left_do_not_leave_nobody(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    grant(&app, &[EMPLOYEE]);
    let (mut one, mut other) = (app.admin().await, app.signed_in(EMPLOYEE).await);
    let (one_token, other_token) = (one.csrf_token().await, other.csrf_token().await);
    let (left_by_one, left_by_other) = (
        format!("/admin/staff/{EMPLOYEE}/leave"),
        format!("/admin/staff/{ADMIN}/leave"),
    );
    let one_fields = [("reason", "x"), ("csrf_token", one_token.as_str())];
    let other_fields = [("reason", "x"), ("csrf_token", other_token.as_str())];
    tokio::join!(
        one.post_bare(&left_by_one, &one_fields),
        other.post_bare(&left_by_other, &other_fields)
    );
    let employed = format!(
        "SELECT count(*) FROM staff WHERE status = 'employed' AND userid IN ('{ADMIN}', '{EMPLOYEE}')"
    );
    assert_eq!(app.number(&employed).await, 1);
}

#[sqlx::test]
async fn a_rejection_that_would_lock_the_last_administrator_out_is_refused(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    // DingTalk gives the administrator's userid to another account, of which the staff table does not know yet.
    app.sim.change_quietly(ADMIN, account("another-1")).unwrap();
    assert_eq!(app.browser().scan("another-1", "/").await.status, 403);
    let id = app
        .number("SELECT id FROM unmatched_login WHERE unionid = 'another-1'")
        .await;
    let reject = format!("/admin/unmatched/{id}/reject");
    let refused = admin.post(&reject, &[("reason", "because")]).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(
        refused.body.contains("the last administrator"),
        "{}",
        refused.body
    );
    assert!(admin.is_in().await, "nothing was done");

    grant(&app, &[EMPLOYEE]);
    assert!(may_administer(&app, EMPLOYEE).await);
    let done = admin.post(&reject, &[("reason", "because")]).await;
    assert_eq!(done.status, 303, "{}", done.body);
}

#[sqlx::test]
async fn an_approval_that_would_end_the_last_administrators_rights_is_refused(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    app.sim.change_quietly(ADMIN, account("another-1")).unwrap();
    assert_eq!(app.browser().scan("another-1", "/").await.status, 403);
    let id = app
        .number("SELECT id FROM unmatched_login WHERE unionid = 'another-1'")
        .await;
    let approve = format!("/admin/unmatched/{id}/approve");
    let fields = [("userid", ADMIN)];
    let refused = admin.post(&approve, &fields).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(
        refused.body.contains("the last administrator"),
        "{}",
        refused.body
    );
    assert!(admin.is_in().await, "nothing was done");

    grant(&app, &[EMPLOYEE]);
    let done = admin.post(&approve, &fields).await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(may_administer(&app, EMPLOYEE).await);
}
