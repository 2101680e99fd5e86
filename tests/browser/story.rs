//! The whole story, as those who live it see it.

use std::time::Duration;

use dingtalk_sim::{NewPerson, company};
use sqlx::PgPool;

use crate::it::support::TestApp;
use crate::unionid;
use crate::window::{Visitor, Window, visit};

#[sqlx::test]
async fn employees_get_in_leavers_do_not_and_a_newcomer_is_reviewed_let_in_and_dismissed(
    pool: PgPool,
) {
    let app = TestApp::spawn(&pool).await;
    visit(Visitor::Chinese, async |window| {
        an_employee_gets_in_and_signs_out(window, &app).await;
        a_leaver_is_turned_away(window, &app).await;

        let newcomer = app.sim.hire_quietly(NewPerson::named("张三")).unwrap();
        window.click(".notice a.button").await;
        window.scan_in_frame(&newcomer.unionid).await;
        window.sees("您的登录正在等待审核").await;
        window.sees("张三").await;

        visit(Visitor::Chinese, async |admin| {
            the_administrator_approves(admin, &app, &newcomer.userid).await;
        })
        .await;

        window.click(".notice a.button").await;
        window.scan_in_frame(&newcomer.unionid).await;
        window.sees("张三，您好").await;

        app.sim.dismiss(&newcomer.userid).unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        window.click("a.brand").await;
        window.is_below(&format!("{}/login?", app.url)).await;
        window.scan_in_frame(&newcomer.unionid).await;
        window.sees("您的账号显示已离职").await;
    })
    .await;
}

async fn an_employee_gets_in_and_signs_out(window: &Window, app: &TestApp) {
    window
        .open(&format!("{}/?from=mail&b=%E5%BC%A0", app.url))
        .await;
    window.is_below(&format!("{}/login?", app.url)).await;
    window.sees("请用手机钉钉扫描二维码").await;
    window.scan_in_frame(&unionid(app, company::EMPLOYEE)).await;
    window
        .is_at(&format!("{}/?from=mail&b=%E5%BC%A0", app.url))
        .await;
    window.sees("张三，您好").await;
    window.click("form[action='/logout'] button").await;
    window.is_at(&format!("{}/login", app.url)).await;
    window.open(&app.url).await;
    window.is_below(&format!("{}/login?", app.url)).await;
}

async fn a_leaver_is_turned_away(window: &Window, app: &TestApp) {
    let leaver = app.sim.person(company::TWO_DEPARTMENTS).unwrap();
    app.sim.dismiss(&leaver.userid).unwrap();
    app.wait_for_status(&leaver.userid, Some("left"), Duration::from_secs(1))
        .await;
    window.open(&format!("{}/login", app.url)).await;
    window.scan_in_frame(&leaver.unionid).await;
    window.sees("您的账号显示已离职").await;
    window.sees(&leaver.nick).await;
    assert!(
        window.is_shown(".reference code").await,
        "a number to quote"
    );
}

async fn the_administrator_approves(admin: &Window, app: &TestApp, newcomer: &str) {
    admin
        .open(&format!("{}/admin/unmatched?q={newcomer}", app.url))
        .await;
    admin.sees("请用手机钉钉扫描二维码").await;
    admin.scan_in_frame(&unionid(app, company::ADMIN)).await;
    admin
        .is_at(&format!("{}/admin/unmatched?q={newcomer}", app.url))
        .await;
    admin.find("tbody a[href='/admin/staff/zhangsan01']").await;
    admin.sees("只有姓名相同").await;
    admin.click("tbody th a").await;
    admin.sees(newcomer).await;
    admin.click("form[action*='/approve'] > button").await;
    admin.sees("已通过“张三”的申请，对方现在可以登录").await;
    let waiting = format!("{}/admin/unmatched?q={newcomer}&state=waiting", app.url);
    admin.open(&waiting).await;
    assert_eq!(admin.count("tbody tr").await, 0, "the case is decided");
}
