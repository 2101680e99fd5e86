//! The portal with many apps, and ending another session on it.

use dingtalk_sim::company;
use sqlx::PgPool;

use crate::it::support::TestApp;
use crate::sign_in;
use crate::window::{Visitor, visit};

/// Sixty apps: the first of each ten has a name as long as names get, and one is for a department alone.
pub async fn many_apps(app: &TestApp) {
    app.execute(
        "INSERT INTO app (name, url, description, icon, colour, position, is_for_all)
         SELECT CASE n % 10 WHEN 1 THEN '集团差旅与日常费用报销申请审批统一工作平台（新版）' WHEN 2 THEN 'Wolfeschlegelsteinhausenbergerdorff-' ELSE '应用 ' END || n,
             'https://app-' || n || '.example.com:8443/', CASE WHEN n % 3 = 0 THEN '' ELSE '一句话说明 ' || n END,
             CASE WHEN n % 2 = 0 THEN 'cart' END, (ARRAY['blue', 'teal', 'green', 'olive', 'orange', 'red', 'purple', 'grey'])[1 + n % 8], n, n < 60
         FROM generate_series(1, 60) n;
         INSERT INTO app_department SELECT max(id), 410020005 FROM app",
    )
    .await;
}

#[sqlx::test]
async fn an_app_is_found_among_many(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    many_apps(&app).await;
    visit(Visitor::English, async |window| {
        sign_in(window, &app, company::ADMIN, "/").await;
        assert_eq!(window.count("#tiles > li:not([hidden])").await, 60);
        window.write("#find-app", "应用 57").await;
        assert_eq!(window.count("#tiles > li:not([hidden])").await, 1);
        assert_eq!(window.count("#tiles > li[hidden]").await, 59);
        assert!(!window.is_shown("#tiles > li:first-child").await);
        window.write("#find-app", "nothing").await;
        window.sees("No app found").await;
    })
    .await;
}

#[sqlx::test]
async fn what_was_done_is_said_in_sight_far_down_a_list(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    many_apps(&app).await;
    visit(Visitor::English, async |window| {
        sign_in(window, &app, company::ADMIN, "/admin/apps").await;
        for width in [1280, 390] {
            window.resize(width).await;
            let button = "document.querySelector(\"form[action='/admin/apps/40/up'] button\")";
            window.run(&format!("{button}.click()"), vec![]).await;
            window.sees("has moved up").await;
            // How far the toast is below the bar, and the row below the toast.
            let places = "var at = function (css) { return document.querySelector(css).getBoundingClientRect(); };
                return [scrollY, at('.toast').top - at('.top-bar').bottom, at('tr:target').top - at('.toast').bottom, innerHeight - at('tr:target').top];";
            let places = window.run(places, vec![]).await;
            let places: Vec<f64> = serde_json::from_value(places).unwrap();
            assert!(places.iter().all(|place| *place > 0.0), "at {width}: {places:?}");
            window.click("[data-dismiss]").await;
            let row = "return innerHeight - document.querySelector('tr:target').getBoundingClientRect().top";
            let row = window.run(row, vec![]).await.as_f64().unwrap();
            assert!((row - places[3]).abs() < 1.0, "at {width}: the list stays");
        }
    })
    .await;
}

#[sqlx::test]
async fn another_session_is_ended_without_script(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut there = app.signed_in(company::EMPLOYEE).await;
    visit(Visitor::WithoutScript, async |window| {
        sign_in(window, &app, company::EMPLOYEE, "/").await;
        window.sees("This device").await;
        window.click(".devices .confirm > summary").await;
        window.sees("You will be signed out on").await;
        assert!(there.is_in().await, "it is only asked");
        window.click(".devices .confirm-panel button").await;
        window.sees("You have been signed out on").await;
        assert!(!there.is_in().await);
        assert!(window.is_shown("form[action='/logout']").await);
    })
    .await;
}

#[sqlx::test]
async fn departments_are_chosen_without_script(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    visit(Visitor::WithoutScript, async |window| {
        sign_in(window, &app, company::ADMIN, "/").await;
        window.click("a[href='/admin/apps/new']").await;
        window.write("#name", "Expenses").await;
        window.write("#address", "https://oa.example.com").await;
        assert!(!window.is_shown("#picker").await, "everybody is meant");
        window.click("label[for='audience-some']").await;
        window.write("#q", "财务部\u{e007}").await;
        window.click("label[for='department-410020006']").await;
        window.write("#name", "\u{e007}").await;
        window.is_at(&format!("{}/admin/apps", app.url)).await;
        window.sees("“Expenses” has been added").await;
        window.sees("财务部").await;
    })
    .await;
}
