//! `DINGGATE_ADMINS`: bound once, to the account that DingTalk names.

use dingtalk_sim::company::{ADMIN, EMPLOYEE};
use dingtalk_sim::{Fault, NewPerson};
use sqlx::PgPool;

use super::{
    SOON, account, grant, leave_and_return, lines, may_administer, wait_for_bindings,
    wait_for_unionid,
};
use crate::cli::run;
use crate::support::TestApp;

async fn spawn(pool: &PgPool, admins: &str) -> TestApp {
    let app = TestApp::spawn_with(pool, |settings| {
        settings.insert("DINGGATE_ADMINS".to_owned(), admins.to_owned());
    })
    .await;
    app.wait_for_first_sync().await;
    app
}

async fn restart(app: &mut TestApp) {
    app.stop().await;
    app.start();
    app.wait_until_ready().await;
}

/// What doctor says of the administrators.
fn diagnosis(app: &TestApp) -> String {
    let ended = run(&app.settings, &["doctor"]);
    let lines = ended.out.lines();
    let about: Vec<_> = lines
        .skip_while(|line| !line.contains("administrators"))
        .take(2)
        .collect();
    about.join("\n")
}

#[sqlx::test]
async fn a_listed_userid_is_bound_once_and_its_binding_is_audited_and_shown(pool: PgPool) {
    let mut app = spawn(&pool, ADMIN).await;
    wait_for_bindings(&app, 1).await;
    assert_eq!(lines(&app, "admin.bind", "bound", ADMIN).await, 1);
    assert!(may_administer(&app, ADMIN).await);
    let unionid = app.sim.person(ADMIN).unwrap().unionid;
    let said = diagnosis(&app);
    assert!(
        said.contains(&format!("{ADMIN}: bound to unionid {unionid}")),
        "{said}"
    );
    restart(&mut app).await;
    assert!(may_administer(&app, ADMIN).await);
    assert_eq!(lines(&app, "admin.bind", "bound", ADMIN).await, 1);
}

#[sqlx::test]
async fn another_account_of_a_listed_userid_has_no_rights_until_it_is_confirmed(pool: PgPool) {
    let mut app = spawn(&pool, ADMIN).await;
    wait_for_bindings(&app, 1).await;
    app.sim.change_quietly(ADMIN, account("another-1")).unwrap();
    assert_eq!(run(&app.settings, &["sync"]).code, Some(0));
    wait_for_unionid(&app, ADMIN, "another-1").await;
    assert_eq!(
        lines(&app, "admin.revoke", "account_changed", ADMIN).await,
        1
    );
    assert!(!may_administer(&app, ADMIN).await);
    restart(&mut app).await;
    assert!(
        !may_administer(&app, ADMIN).await,
        "no later start binds it again"
    );

    let refused = run(&app.settings, &["admin", "grant", ADMIN]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.err.contains("--rebind") && refused.err.contains("another-1"),
        "{}",
        refused.err
    );
    assert!(!may_administer(&app, ADMIN).await);
    grant(&app, &[ADMIN, "--rebind"]);
    assert!(may_administer(&app, ADMIN).await);
}

#[sqlx::test]
async fn an_entry_has_no_effect_after_the_employment_ended_until_it_is_granted(pool: PgPool) {
    let mut app = spawn(&pool, ADMIN).await;
    assert!(may_administer(&app, ADMIN).await);
    leave_and_return(&app, ADMIN).await;
    assert!(!may_administer(&app, ADMIN).await);
    restart(&mut app).await;
    assert!(!may_administer(&app, ADMIN).await);
    let listed = run(&app.settings, &["admin", "list"]).out;
    assert!(
        listed.contains(&format!("{ADMIN}\t")) && listed.contains("the employment has ended"),
        "{listed}"
    );
    let said = diagnosis(&app);
    assert!(said.contains("the employment has ended"), "{said}");
    grant(&app, &[ADMIN]);
    assert!(may_administer(&app, ADMIN).await);
}

#[sqlx::test]
async fn a_userid_that_dingtalk_did_not_know_is_not_bound_when_somebody_gets_it(pool: PgPool) {
    let mut app = spawn(&pool, &format!("{ADMIN},newboss1")).await;
    wait_for_bindings(&app, 2).await;
    app.sim
        .hire(NewPerson {
            userid: Some("newboss1".to_owned()),
            ..NewPerson::named("新人")
        })
        .unwrap();
    app.wait_for_status("newboss1", Some("employed"), SOON)
        .await;
    assert!(!may_administer(&app, "newboss1").await);
    restart(&mut app).await;
    assert!(!may_administer(&app, "newboss1").await);
    grant(&app, &["newboss1"]);
    assert!(may_administer(&app, "newboss1").await);
}

#[sqlx::test]
async fn entries_are_bound_as_soon_as_dingtalk_answers(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    wait_for_bindings(&app, 1).await;
    let sim = TestApp::cloud();
    sim.fault("/topapi/v2/user/get", Fault::Http(503));
    app.execute("DELETE FROM admin_binding").await;
    let other = TestApp::spawn_on(&pool, sim, |_| {}).await;
    assert_eq!(other.number("SELECT count(*) FROM admin_binding").await, 0);
    other.sim.clear_faults();
    wait_for_bindings(&other, 1).await;
}

#[sqlx::test]
async fn a_demanded_unionid_that_dingtalk_contradicts_has_no_effect(pool: PgPool) {
    let mut app = spawn(&pool, &format!("{ADMIN}=somebody-else,{EMPLOYEE}")).await;
    wait_for_bindings(&app, 2).await;
    assert_eq!(lines(&app, "admin.bind", "contradicted", ADMIN).await, 1);
    assert!(!may_administer(&app, ADMIN).await);
    assert!(may_administer(&app, EMPLOYEE).await);
    let said = diagnosis(&app);
    assert!(
        said.contains("1 who work here") && said.contains("another unionid than the setting names"),
        "{said}"
    );
    assert_eq!(run(&app.settings, &["doctor"]).code, Some(1));

    app.stop().await;
    let unionid = app.sim.person(ADMIN).unwrap().unionid;
    let right = format!("{ADMIN}={unionid},{EMPLOYEE}");
    app.settings.insert("DINGGATE_ADMINS".to_owned(), right);
    app.start();
    app.wait_until_ready().await;
    assert!(may_administer(&app, ADMIN).await);
}

#[sqlx::test]
async fn the_first_login_of_a_listed_person_needs_no_staff_row_unless_another_account_has_the_userid(
    pool: PgPool,
) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    wait_for_bindings(&app, 1).await;
    app.sim.change_quietly(ADMIN, account("another-1")).unwrap();
    let answer = app.browser().scan("another-1", "/").await;
    assert_eq!(
        answer.status, 403,
        "the entry is bound to the account before"
    );
    let former = app
        .number("SELECT count(*) FROM staff WHERE status = 'employed'")
        .await;
    assert_eq!(former, 0);
}
