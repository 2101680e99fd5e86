//! Whoever is turned away inside DingTalk reads why, as who, and what to do, and is not tried again unasked.

use std::time::Duration;

use dingtalk_sim::{Device, Fault, NativeAnswer, NewPerson, company};
use sqlx::{Connection as _, PgPool};

use super::{NEWEST, client, inside, offers_a_way_on, pause, redeemed, spawn};
use crate::case_of;
use crate::every_page::assert_fits;
use crate::it::support::TestApp;
use crate::window::{Visitor, visit};

const GET_USER_INFO: &str = "/topapi/v2/user/getuserinfo";

/// Opens a page as somebody, on a device, and reads these words.
async fn reads(app: &TestApp, visitor: Visitor, device: Device, userid: &str, words: &[&str]) {
    let before = redeemed(app);
    visit(visitor, async |window| {
        inside(window, device, &app.sim.native_client(device, userid)).await;
        window.open(&format!("{}/?from=chat", app.url)).await;
        for words in words {
            window.sees(words).await;
        }
        offers_a_way_on(window).await;
        assert!(window.is_shown("[data-reference] code").await, "a number");
        let lang = if visitor == Visitor::Chinese {
            "zh"
        } else {
            "en"
        };
        assert_fits(window, lang).await;
        pause(500).await;
    })
    .await;
    assert!(redeemed(app) <= before + 1, "tried again unasked");
}

#[sqlx::test]
async fn each_refusal_names_the_person_and_says_what_to_do(pool: PgPool) {
    let Some(app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    let newcomer = app.sim.hire_quietly(NewPerson::named("韩梅梅")).unwrap();
    let (zh, en) = (Visitor::Chinese, Visitor::English);
    let waits = [
        "您的登录正在等待审核",
        "韩梅梅",
        "本页每 15 秒自动查询审核结果",
    ];
    reads(&app, zh, Device::Android, &newcomer.userid, &waits).await;

    let case = case_of(&app, &newcomer.unionid).await;
    let mut admin = app.admin().await;
    let path = format!("/admin/unmatched/{case}/reject");
    let answer = admin.post(&path, &[("reason", "unknown")]).await;
    assert_eq!(answer.status, 303);
    let rejected = [
        "Your request was declined",
        "韩梅梅",
        "talk to your manager",
    ];
    reads(&app, en, Device::Desktop, &newcomer.userid, &rejected).await;

    let path = format!("/admin/staff/{}/leave", company::EMPLOYEE);
    let answer = admin.post(&path, &[("reason", "last day")]).await;
    assert_eq!(answer.status, 303);
    let left = [
        "Our records show you’ve left the company",
        "张三",
        "contact HR",
    ];
    reads(&app, en, Device::Ios, company::EMPLOYEE, &left).await;

    // A code that was given out while the person still worked here.
    let client = app
        .sim
        .native_client(Device::Android, company::TWO_DEPARTMENTS);
    app.sim.dismiss(company::TWO_DEPARTMENTS).unwrap();
    app.wait_for_status(
        company::TWO_DEPARTMENTS,
        Some("left"),
        Duration::from_secs(5),
    )
    .await;
    visit(zh, async |window| {
        inside(window, Device::Android, &client).await;
        window.open(&app.url).await;
        window.sees("您不是本公司成员").await;
        offers_a_way_on(window).await;
    })
    .await;
}

#[sqlx::test]
async fn what_keeps_the_server_from_answering_is_said(pool: PgPool) {
    let Some(app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    let (zh, en) = (Visitor::Chinese, Visitor::English);
    for (fault, visitor, device, words) in [
        (Fault::Http(502), zh, Device::Android, "暂时连不上钉钉"),
        (
            Fault::ErrCode(60011),
            en,
            Device::Desktop,
            "The sign-in service is not set up correctly",
        ),
        (
            Fault::ErrCode(40078),
            en,
            Device::Ios,
            "The sign-in code is no longer valid",
        ),
    ] {
        app.sim.fault(GET_USER_INFO, fault);
        reads(&app, visitor, device, company::EMPLOYEE, &[words]).await;
        app.sim.clear_faults();
    }
    let mut held = app.pool.acquire().await.unwrap().detach();
    sqlx::raw_sql("BEGIN; LOCK TABLE staff, web_session")
        .execute(&mut held)
        .await
        .unwrap();
    reads(
        &app,
        zh,
        Device::Ios,
        company::EMPLOYEE,
        &["服务暂时不可用"],
    )
    .await;
    held.close().await.unwrap();
}

#[sqlx::test]
async fn a_used_code_and_an_old_one_are_explained_above_the_rate_as_well(pool: PgPool) {
    let slow = |settings: &mut crate::it::support::Settings| {
        settings.insert("DINGGATE_LOGIN_RATE".to_owned(), "2/h".to_owned());
    };
    let Some(app) = spawn(&pool, NEWEST, slow).await else {
        return;
    };
    let used = app.sim.in_app_code(company::EMPLOYEE);
    let mut browser = app.browser();
    let body = serde_json::json!({"code": used, "rd": "/"});
    assert_eq!(browser.post_json("/login/in-app", &body).await.status, 200);
    let old = app.sim.expired_in_app_code(company::EMPLOYEE);
    for (code, words) in [
        (used, "The sign-in code is no longer valid"),
        (old, "The sign-in code is no longer valid"),
        // Above its rate a client is slowed, and reads the same.
        (
            "never-asked".to_owned(),
            "The sign-in code is no longer valid",
        ),
    ] {
        visit(Visitor::English, async |window| {
            let client = client(&app, Device::Desktop, NativeAnswer::Code(code));
            inside(window, Device::Desktop, &client).await;
            window.open(&app.url).await;
            window.sees(words).await;
            offers_a_way_on(window).await;
            assert_fits(window, "en").await;
        })
        .await;
    }
}
