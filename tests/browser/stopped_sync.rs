//! A sync that the brake has stopped: the administrator looks at whom it would mark, and approves.

use std::time::Duration;

use dingtalk_sim::company;
use sqlx::PgPool;

use crate::it::support::{TestApp, eventually};
use crate::sign_in;
use crate::window::{Visitor, Window, visit};

#[sqlx::test]
async fn a_stopped_plan_is_looked_through_and_approved(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let leavers = choose(&app, 9);
    // One of them comes back before the decision.
    let (returner, gone) = leavers.split_first().unwrap();
    let mut phone = app.signed_in(&gone[0].userid).await;
    for leaver in &leavers {
        app.sim.dismiss_quietly(&leaver.userid).unwrap();
    }
    visit(Visitor::Chinese, async |window| {
        sign_in(window, &app, company::ADMIN, "/admin/syncs").await;
        window.click("form[action='/admin/syncs'] button").await;
        window.is_below(&format!("{}/admin/syncs/", app.url)).await;
        // The page follows the run by itself.
        window.sees("9 名员工的离职等待确认").await;
        for leaver in &leavers {
            window.sees(&leaver.name).await;
        }
        assert_eq!(still_employed(&app).await, everybody(&app) + 9);
        search_the_plan(window, &gone[1].name).await;
        app.sim.rehire_quietly(&returner.userid, None).unwrap();
        approve(window).await;
        window.sees("核实并标记第").await;
        eventually("they are marked", Duration::from_secs(20), async || {
            still_employed(&app).await == everybody(&app)
        })
        .await;
        the_plan_says_who_left(window, &returner.name).await;
        window
            .open(&format!("{}/admin/staff?status=left", app.url))
            .await;
        for leaver in gone {
            window.sees(&leaver.name).await;
        }
    })
    .await;
    assert!(!phone.is_in().await, "whoever was marked is signed out");
    assert_eq!(
        app.browser().scan(&returner.unionid, "/").await.status,
        303,
        "whom DingTalk lists again stays"
    );
}

/// People who are neither of those whom the tests sign in.
fn choose(app: &TestApp, count: usize) -> Vec<dingtalk_sim::Person> {
    let spared = [company::ADMIN, company::EMPLOYEE];
    let people = app.sim.people().into_iter();
    people
        .filter(|person| !spared.contains(&person.userid.as_str()))
        .take(count)
        .collect()
}

async fn still_employed(app: &TestApp) -> i64 {
    app.number("SELECT count(*) FROM staff WHERE status = 'employed'")
        .await
}

/// How many people DingTalk lists.
fn everybody(app: &TestApp) -> i64 {
    i64::try_from(app.sim.people().len()).unwrap()
}

async fn search_the_plan(window: &Window, name: &str) {
    assert_eq!(window.count("tbody tr").await, 9);
    window.write("#q", name).await;
    window.click(".filter-buttons button").await;
    window.find(".filter-buttons a").await;
    assert_eq!(window.count("tbody tr").await, 1);
    window.click(".filter-buttons a").await;
}

async fn approve(window: &Window) {
    let question = "form[action$='/approve'].confirm-panel";
    window.find(question).await;
    assert!(!window.is_shown(question).await, "it is asked first");
    window
        .click(".waiting .confirm:first-child > summary")
        .await;
    window.sees("最多 9 名员工会被标记为离职").await;
    window.click(&format!("{question} button")).await;
}

async fn the_plan_says_who_left(window: &Window, returner: &str) {
    window.find("a[href='?kind=left#plan']").await;
    window.click("a[href='?kind=left#plan']").await;
    window.find("option[value='left'][selected]").await;
    assert_eq!(window.count("tbody tr").await, 8);
    window.click(".filter-buttons a").await;
    window.sees(returner).await;
}
