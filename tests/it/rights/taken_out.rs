//! Entries that were taken out of `DINGGATE_ADMINS`, and put in again.

use dingtalk_sim::company::{ADMIN, EMPLOYEE};
use sqlx::PgPool;

use super::{
    PEOPLE, account, grant, is_admin, may_administer, wait_for_bindings, wait_for_unionid,
};
use crate::cli::run;
use crate::support::TestApp;

fn both() -> String {
    PEOPLE.join(",")
}

async fn spawn(pool: &PgPool) -> TestApp {
    let app = TestApp::spawn_with(pool, |settings| {
        settings.insert("DINGGATE_ADMINS".to_owned(), both());
    })
    .await;
    app.wait_for_first_sync().await;
    wait_for_bindings(&app, 2).await;
    app
}

/// Starts again with other entries.
async fn restart_with(app: &mut TestApp, admins: &str) {
    app.stop().await;
    let name = "DINGGATE_ADMINS".to_owned();
    app.settings.insert(name, admins.to_owned());
    app.start();
    app.wait_until_ready().await;
}

#[sqlx::test]
async fn a_binding_without_its_entry_has_no_effect_and_a_grant_beside_it_stays(pool: PgPool) {
    let mut app = spawn(&pool).await;
    let mut employee = app.signed_in(EMPLOYEE).await;
    assert!(is_admin(&mut employee).await);
    restart_with(&mut app, ADMIN).await;
    assert!(
        !is_admin(&mut employee).await,
        "the session that was an administrator's"
    );
    assert!(!may_administer(&app, EMPLOYEE).await);
    let listed = run(&app.settings, &["admin", "list"]).out;
    assert!(!listed.contains(EMPLOYEE), "{listed}");

    restart_with(&mut app, &both()).await;
    assert!(may_administer(&app, EMPLOYEE).await, "the pair is the same");
    grant(&app, &[EMPLOYEE]);
    restart_with(&mut app, ADMIN).await;
    assert!(may_administer(&app, EMPLOYEE).await, "by the grant");
    let revoked = run(&app.settings, &["admin", "revoke", EMPLOYEE]);
    assert_eq!(revoked.code, Some(0), "{}", revoked.err);
    assert!(!may_administer(&app, EMPLOYEE).await);
}

#[sqlx::test]
async fn an_entry_whose_pair_changed_while_it_was_taken_out_does_not_come_back_with_it(
    pool: PgPool,
) {
    let mut app = spawn(&pool).await;
    restart_with(&mut app, ADMIN).await;
    let former = app.sim.person(EMPLOYEE).unwrap().unionid;
    app.sim.change(EMPLOYEE, account("another-1")).unwrap();
    wait_for_unionid(&app, EMPLOYEE, "another-1").await;
    restart_with(&mut app, &both()).await;
    assert!(!may_administer(&app, EMPLOYEE).await);
    app.sim.change(EMPLOYEE, account(&former)).unwrap();
    wait_for_unionid(&app, EMPLOYEE, &former).await;
    assert!(
        !may_administer(&app, EMPLOYEE).await,
        "the pair has returned, and the right has not"
    );
    grant(&app, &[EMPLOYEE]);
    assert!(may_administer(&app, EMPLOYEE).await);
}
