//! Every page in both languages, on a desk and on a phone: none scrolls sideways, and all can be used with
//! a keyboard and a screen reader.

use std::time::Duration;

use dingtalk_sim::{Fault, NewPerson, company};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::accessible::{Scheme, assert_accessible};
use crate::it::support::TestApp;
use crate::window::{Visitor, Window, visit};
use crate::{case_of, scan_full_page, sign_in, unionid, wait_for_jobs};

/// Gives what is wrong with the page, as sentences.
const FAULTS: &str = include_str!("every_page/faults.js");

/// Names that are as long as names get.
pub const LONG_NAMES: [&str; 2] = [
    "Wolfeschlegelsteinhausenbergerdorffvoralternwarengewissenhaft",
    "买买提·阿卜杜拉·库尔班·阿不都热西提·吾买尔·热合曼·司马义江",
];

#[sqlx::test]
async fn chinese_pages_fit_and_can_be_used(pool: PgPool) {
    every_page(&pool, Visitor::Chinese, "zh").await;
}

#[sqlx::test]
async fn english_pages_fit_and_can_be_used(pool: PgPool) {
    every_page(&pool, Visitor::English, "en").await;
}

async fn every_page(pool: &PgPool, visitor: Visitor, lang: &str) {
    let app = TestApp::spawn(pool).await;
    let newcomers = a_busy_company(&app).await;
    visit(visitor, async |window| {
        refusals(window, &app, &newcomers, lang).await;
        sign_in(window, &app, company::ADMIN, "/").await;
        assert_fits(window, lang).await;
        for path in paths(&app, &newcomers).await {
            window.open(&format!("{}{path}", app.url)).await;
            assert_fits(window, lang).await;
        }
        a_choice_to_reject(window, &app, lang).await;
        window.click("form[action='/logout'] button").await;
        sign_in(window, &app, company::EMPLOYEE, "/").await;
        window.open(&format!("{}/admin", app.url)).await;
        assert_fits(window, lang).await;
    })
    .await;
}

/// People who have left, were hired, rejected and refused, and whose devices are many.
async fn a_busy_company(app: &TestApp) -> Vec<String> {
    let mut newcomers = Vec::new();
    for name in LONG_NAMES {
        let person = app
            .sim
            .hire_quietly(NewPerson {
                name: name.to_owned(),
                departments: vec![1],
                ..NewPerson::default()
            })
            .unwrap();
        newcomers.push(person.unionid);
    }
    for userid in [company::EMPLOYEE, company::EMPLOYEE, company::LEADING_ZERO] {
        app.signed_in(userid).await;
        app.execute("UPDATE web_session SET created_at = created_at - interval '1 minute'")
            .await;
    }
    app.sim.dismiss(company::TWO_DEPARTMENTS).unwrap();
    app.wait_for_status(
        company::TWO_DEPARTMENTS,
        Some("left"),
        Duration::from_secs(5),
    )
    .await;
    for scanned in newcomers
        .iter()
        .map(String::as_str)
        .chain([company::STRANGER_UNIONID, company::EXTERNAL_UNIONID])
    {
        app.browser().scan(scanned, "/").await;
    }
    let mut admin = app.admin().await;
    let stranger = case_of(app, company::STRANGER_UNIONID).await.to_string();
    let bulk = [
        ("ids", stranger.as_str()),
        ("action", "approve"),
        ("confirmed", "yes"),
    ];
    assert_eq!(admin.post("/admin/unmatched/bulk", &bulk).await.status, 303);
    wait_for_jobs(app).await;
    let rejected = format!(
        "/admin/unmatched/{}/reject",
        case_of(app, &newcomers[1]).await
    );
    assert_eq!(
        admin
            .post(&rejected, &[("reason", LONG_NAMES[0])])
            .await
            .status,
        303
    );
    crate::portal::many_apps(app).await;
    app.execute("UPDATE event SET state = 'failed', last_error = 'topapi/v2/user/get: 60011 no permission' WHERE id <= 2").await;
    newcomers
}

/// The pages for those who are not let in; the last of them puts a warning on the administrators' pages.
async fn refusals(window: &Window, app: &TestApp, newcomers: &[String], lang: &str) {
    for path in ["/login", "/login/callback", "/no/such/page"] {
        window.open(&format!("{}{path}", app.url)).await;
        assert_fits(window, lang).await;
    }
    let leaver = app
        .sim
        .directory()
        .former()
        .iter()
        .find(|person| person.userid == company::TWO_DEPARTMENTS)
        .unwrap()
        .unionid
        .clone();
    for scanned in [
        &leaver,
        company::STRANGER_UNIONID,
        &newcomers[0],
        &newcomers[1],
    ] {
        refused(window, app, scanned, lang).await;
    }
    let employee = unionid(app, company::EMPLOYEE);
    for fault in [Fault::Http(502), Fault::ErrCode(60011)] {
        app.sim.fault("/topapi/user/getbyunionid", fault);
        refused(window, app, &employee, lang).await;
        app.sim.clear_faults();
    }
}

async fn refused(window: &Window, app: &TestApp, unionid: &str, lang: &str) {
    scan_full_page(window, app, unionid, "/").await;
    window
        .is_below(&format!("{}/login/callback?", app.url))
        .await;
    assert_fits(window, lang).await;
}

/// The addresses of the pages that need a session.
async fn paths(app: &TestApp, newcomers: &[String]) -> Vec<String> {
    let mut paths: Vec<String> = [
        "unmatched",
        "staff",
        "departments",
        "events",
        "syncs",
        "webhooks",
        "sessions",
        "apps",
        "audit",
    ]
    .iter()
    .flat_map(|list| {
        [
            format!("/admin/{list}"),
            format!("/admin/{list}?q=nobody-like-that&per_page=10"),
        ]
    })
    .collect();
    for newcomer in newcomers {
        paths.push(format!("/admin/unmatched/{}", case_of(app, newcomer).await));
    }
    paths.push(format!(
        "/admin/unmatched/jobs/{}",
        app.number("SELECT max(id) FROM review_job").await
    ));
    paths.push(format!(
        "/admin/events/{}",
        app.number("SELECT max(id) FROM event").await
    ));
    paths.push(format!(
        "/admin/syncs/{}",
        app.number("SELECT max(id) FROM sync_run").await
    ));
    let others = [
        "/admin",
        "/admin/staff?sort=title&dir=desc",
        "/admin/audit?from=yesterday",
        "/admin/unmatched?reason=all&state=all",
        "/admin/staff/zhangsan01",
        "/admin/staff?status=left",
        "/admin/staff?per_page=10&page=3",
        "/admin/departments?view=list",
        "/admin/departments/1",
        "/admin/departments/410020001",
        "/admin/syncs/1?kind=added&per_page=10&page=2",
        "/admin/syncs/1?q=nobody-like-that",
        "/admin/no-such-page",
    ];
    paths.extend(others.map(str::to_owned));
    paths.push(format!("/admin/staff/{}", company::TWO_DEPARTMENTS));
    paths.push("/admin/apps/new".to_owned());
    paths.push(format!(
        "/admin/apps/{}",
        app.number("SELECT max(id) FROM app").await
    ));
    paths
}

/// The page that asks once before many are rejected.
async fn a_choice_to_reject(window: &Window, app: &TestApp, lang: &str) {
    window.resize(1280).await;
    window.open(&format!("{}/admin/unmatched", app.url)).await;
    window.click("[data-check-all]").await;
    window.click(".bulk-bar button[value='reject']").await;
    window
        .is_at(&format!("{}/admin/unmatched/bulk", app.url))
        .await;
    assert_fits(window, lang).await;
    window.resize(1280).await;
    for (list, button) in [("staff", "button[value='leave']"), ("sessions", "button")] {
        window.open(&format!("{}/admin/{list}", app.url)).await;
        window.click("[data-check-all]").await;
        window.click(&format!(".bulk-bar {button}")).await;
        window.find("input[name='confirmed']").await;
        assert_fits(window, lang).await;
        window.resize(1280).await;
    }
}

pub async fn assert_fits(window: &Window, lang: &str) {
    for width in [1280, 390] {
        window.resize(width).await;
        let faults = window.run(FAULTS, vec![json!(lang), json!(width)]).await;
        assert_eq!(
            faults,
            Value::Array(Vec::new()),
            "at {width}: {}",
            window.url().await
        );
        // Contrast does not depend on the language.
        let schemes: &[Scheme] = if lang == "zh" {
            &[Scheme::Dark, Scheme::Light]
        } else {
            &[Scheme::Light]
        };
        assert_accessible(window, schemes).await;
    }
}
