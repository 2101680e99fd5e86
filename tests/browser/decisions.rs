//! An administrator decides: about one person with a reason, and about many at once.

use dingtalk_sim::company;
use sqlx::PgPool;

use crate::it::support::TestApp;
use crate::window::{Visitor, visit};
use crate::{case_of, scan_full_page, sign_in, unionid, wait_for_jobs};

#[sqlx::test]
async fn whoever_is_rejected_reads_so_at_the_next_scan(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap();
    app.browser().scan(&person.unionid, "/").await;
    visit(Visitor::WithoutScript, async |window| {
        let case = format!("/admin/unmatched/{}", case_of(&app, &person.unionid).await);
        sign_in(window, &app, company::ADMIN, &case).await;
        window.click(".confirm > summary").await;
        window
            .write(".confirm-panel input[name='reason']", "a friend's account")
            .await;
        window.click(".confirm-panel button").await;
        window.sees(&format!("{} is rejected", person.nick)).await;
        window.open(&format!("{}{case}", app.url)).await;
        window.sees("a friend's account").await;
        window.click("form[action='/logout'] button").await;
        window.is_at(&format!("{}/login", app.url)).await;
        scan_full_page(window, &app, &person.unionid, "/").await;
        window.sees("Your request was declined").await;
        window.sees(&person.nick).await;
    })
    .await;
}

#[sqlx::test]
async fn many_are_approved_at_once_each_with_an_outcome(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let employee = unionid(&app, company::EMPLOYEE);
    for scanned in [
        &employee,
        company::STRANGER_UNIONID,
        company::EXTERNAL_UNIONID,
    ] {
        app.browser().scan(scanned, "/").await;
    }
    visit(Visitor::English, async |window| {
        sign_in(window, &app, company::ADMIN, "/admin/unmatched?reason=all").await;
        let approve = ".bulk-bar button[value='approve']";
        assert!(!window.is_shown(approve).await, "nobody is chosen");
        window.click("[data-check-all]").await;
        window.sees("3 selected").await;
        window.click(approve).await;
        window.sees("Approve 3 people").await;
        window.click(".confirm-panel button").await;
        window
            .is_below(&format!("{}/admin/unmatched/jobs/", app.url))
            .await;
        wait_for_jobs(&app).await;
        // The page follows the job by itself.
        window.sees("1 succeeded, 2 failed").await;
        assert_eq!(
            (
                window.count("td .badge.tone-ok").await,
                window.count("td .badge.tone-danger").await
            ),
            (1, 2)
        );
        window.sees("DingTalk does not list this person").await;
        window.sees("as an external contact").await;
    })
    .await;
    assert!(app.browser().scan(&employee, "/").await.status == 303);
}
