//! Grants: what ends them, and what does not bring them back.

use dingtalk_sim::company::{ADMIN, EMPLOYEE};
use sqlx::PgPool;

use super::{
    PEOPLE, account, grant, is_admin, leave_and_return, leave_falsely, lines, may_administer,
    recheck, wait_for_unionid,
};
use crate::cli::run;
use crate::support::TestApp;

#[sqlx::test]
async fn a_grant_ends_with_the_employment_and_stays_ended_when_the_person_returns(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    grant(&app, &[EMPLOYEE]);
    assert!(may_administer(&app, EMPLOYEE).await);
    leave_and_return(&app, EMPLOYEE).await;
    assert_eq!(lines(&app, "admin.revoke", "left", EMPLOYEE).await, 1);
    assert!(!may_administer(&app, EMPLOYEE).await);
    let listed = run(&app.settings, &["admin", "list"]).out;
    assert!(!listed.contains(EMPLOYEE), "{listed}");
    grant(&app, &[EMPLOYEE]);
    assert!(may_administer(&app, EMPLOYEE).await);
}

#[sqlx::test]
async fn a_false_leave_event_gives_the_rights_that_it_ended_back(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    grant(&app, &[EMPLOYEE]);
    assert!(may_administer(&app, ADMIN).await);
    leave_falsely(&app, &PEOPLE).await;
    for userid in PEOPLE {
        assert_eq!(
            lines(&app, "admin.revoke", "left", userid).await,
            1,
            "{userid}"
        );
    }
    recheck(&app, &PEOPLE).await;
    for userid in PEOPLE {
        assert_eq!(
            lines(&app, "admin.grant", "restored", userid).await,
            1,
            "{userid}"
        );
        assert!(may_administer(&app, userid).await, "{userid}");
    }
}

#[sqlx::test]
async fn a_false_leave_event_gives_nothing_back_to_another_account(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    grant(&app, &[EMPLOYEE]);
    assert!(may_administer(&app, ADMIN).await);
    leave_falsely(&app, &PEOPLE).await;
    for userid in PEOPLE {
        let unionid = format!("another-{userid}");
        app.sim.change_quietly(userid, account(&unionid)).unwrap();
    }
    recheck(&app, &PEOPLE).await;
    for userid in PEOPLE {
        assert!(!may_administer(&app, userid).await, "{userid}");
        assert_eq!(
            lines(&app, "admin.grant", "restored", userid).await,
            0,
            "{userid}"
        );
    }
}

#[sqlx::test]
async fn a_sync_that_finds_the_person_again_gives_nothing_back(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    grant(&app, &[EMPLOYEE]);
    leave_falsely(&app, &[EMPLOYEE]).await;
    let ended = run(&app.settings, &["sync"]);
    assert!(ended.out.contains("returned=1"), "{ended:?}");
    assert!(!may_administer(&app, EMPLOYEE).await);
}

#[sqlx::test]
async fn a_grant_ends_in_the_event_that_changes_the_account_and_does_not_come_back_with_it(
    pool: PgPool,
) {
    let app = TestApp::spawn(&pool).await;
    grant(&app, &[EMPLOYEE]);
    let mut before = app.signed_in(EMPLOYEE).await;
    assert!(is_admin(&mut before).await);
    let former = app.sim.person(EMPLOYEE).unwrap().unionid;
    app.sim.change(EMPLOYEE, account("another-1")).unwrap();
    wait_for_unionid(&app, EMPLOYEE, "another-1").await;
    assert_eq!(
        lines(&app, "admin.revoke", "account_changed", EMPLOYEE).await,
        1
    );
    assert!(!before.is_in().await, "the former account is signed out");
    assert!(!may_administer(&app, EMPLOYEE).await);
    app.sim.change(EMPLOYEE, account(&former)).unwrap();
    wait_for_unionid(&app, EMPLOYEE, &former).await;
    assert!(
        !may_administer(&app, EMPLOYEE).await,
        "the pair has returned, and the right has not"
    );
}

#[sqlx::test]
async fn a_decision_by_hand_ends_a_grant_for_good(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    grant(&app, &[EMPLOYEE]);
    let mut admin = app.admin().await;
    for action in ["leave", "restore"] {
        let path = format!("/admin/staff/{EMPLOYEE}/{action}");
        let answer = admin.post(&path, &[("reason", "because")]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
    }
    assert_eq!(lines(&app, "admin.revoke", "left", EMPLOYEE).await, 1);
    assert!(!may_administer(&app, EMPLOYEE).await);
}
