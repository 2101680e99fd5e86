//! The search over people: by every name and number, within the rights, and by reference numbers.

mod plans;
mod references;
mod rights;
mod timeline;

use std::time::Duration;

use sqlx::PgPool;
use url::form_urlencoded;

use crate::support::{Answer, Browser, TestApp, eventually};

const SOON: Duration = Duration::from_secs(10);

const PEOPLE: &str = "
INSERT INTO department (dept_id, parent_id, name, observed_at) VALUES (1, NULL, '示例公司', now()), (10, 1, '研发', now()), (20, 1, '财务', now());
INSERT INTO staff (userid, unionid, name, job_number, mobile, email) VALUES
    ('p-shan', 'UnIoN-shan', '单晓燕', 'A-0071', '13900000071', 'Swallow@corp.example.com'),
    ('p-zeng', 'union-zeng', '曾国华', '0158', '+86-13900000072', 'zeng@corp.example.com'),
    ('p-xie', 'union-xie', '解小龙', NULL, '+852-51234567', NULL),
    ('p-ou', 'union-ou', '欧阳娜娜', NULL, NULL, NULL),
    ('p-abu', 'union-abu', 'Abu Reyihan', NULL, NULL, NULL);
INSERT INTO staff_department (userid, dept_id) VALUES ('p-shan', 10), ('p-zeng', 20);
INSERT INTO unmatched_login (unionid, userid, nick, reason, last_request_id) VALUES
    ('union-abu', 'p-abu', '小燕子', 'left', 'R'), ('u-outside', NULL, '路人甲', 'not_employee', 'R')";

/// A service whose table holds these people, with their terms, and an administrator's browser.
async fn spawn(pool: &PgPool) -> (TestApp, Browser) {
    let app = TestApp::spawn_empty(pool, |_| {}).await;
    app.execute(PEOPLE).await;
    wait_for_terms(&app).await;
    let admin = app.admin().await;
    wait_for_terms(&app).await;
    (app, admin)
}

/// The terms of everybody have been computed.
async fn wait_for_terms(app: &TestApp) {
    eventually("no terms are due", SOON, async || {
        app.number("SELECT count(*) FROM search_term_due").await == 0
    })
    .await;
}

async fn search(browser: &mut Browser, text: &str) -> Answer {
    let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    browser.get(&format!("/admin/search?q={text}")).await
}

/// The search leads straight to this person.
async fn leads_to(browser: &mut Browser, text: &str, path: &str) {
    let answer = search(browser, text).await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, path),
        "{text}: {}",
        answer.body
    );
}

async fn finds_nobody(browser: &mut Browser, text: &str) {
    let answer = search(browser, text).await;
    assert_eq!(answer.status, 200, "{text} leads to {}", answer.location());
    assert!(
        answer.body.contains("Nothing found"),
        "{text}: {}",
        answer.body
    );
}

#[sqlx::test]
async fn every_name_and_number_leads_to_the_person(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    for (texts, userid) in [
        (
            &[
                "单晓燕",
                "单 晓燕",
                "单晓",
                "单",
                "shanxiaoyan",
                "Shan Xiaoyan",
                "danxiaoyan",
                "dan'xiao",
                "sxy",
                "DXY",
                "p-shan",
                "P-SHAN",
                "union-SHAN",
                "a-0071",
                "A0071",
                "Ａ－００７１",
                "13900000071",
                "139 0000 0071",
                "+86 13900000071",
                "0071",
                "swallow@CORP",
            ][..],
            "p-shan",
        ),
        (
            &[
                "曾国华",
                "国华",
                "zengguohua",
                "ceng guo",
                "guohua",
                "zgh",
                "cgh",
                "13900000072",
                "8613900000072",
                "0158",
            ],
            "p-zeng",
        ),
        (
            &["xiexiaolong", "jiexiaolong", "xxl", "jxl", "+852 5123 4567"],
            "p-xie",
        ),
        (&["ouyangnana", "nana", "oynn", "娜娜", "阳娜"], "p-ou"),
        // By name, and by the nickname of the case.
        (&["reyihan", "abu", "小燕子", "xiaoyanzi", "xyz"], "p-abu"),
    ] {
        for text in texts {
            leads_to(&mut admin, text, &format!("/admin/staff/{userid}")).await;
        }
    }
    for text in ["zzz", "%", "_", "\\", "小李", "9000000"] {
        finds_nobody(&mut admin, text).await;
    }
}

#[sqlx::test]
async fn several_people_are_listed_and_somebody_without_a_row_has_a_case(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let list = search(&mut admin, "xiao").await;
    assert_eq!(list.status, 200);
    for part in [
        "/admin/staff/p-shan",
        "/admin/staff/p-xie",
        "/admin/staff/p-abu",
        "研发",
        "A-0071",
    ] {
        assert!(list.body.contains(part), "{part}: {}", list.body);
    }
    assert!(!list.body.contains("/admin/staff/p-zeng"), "{}", list.body);
    let case = app
        .number("SELECT id FROM unmatched_login WHERE nick = '路人甲'")
        .await;
    for text in ["路人甲", "lurenjia", "lrj", "U-OUTSIDE"] {
        leads_to(&mut admin, text, &format!("/admin/unmatched/{case}")).await;
    }
    // Once DingTalk's directory has named the person, the case is found by the name, too.
    app.execute("INSERT INTO unmatched_person (case_id, standing, observed_at, userid, name, job_number, title) SELECT id, 'member', now(), 'p-new', '覃新来', 'N-77', '设计师' FROM unmatched_login WHERE nick = '路人甲'").await;
    wait_for_terms(&app).await;
    for text in [
        "覃新来",
        "qinxinlai",
        "tanxinlai",
        "qxl",
        "n77",
        "p-new",
        "lrj",
    ] {
        leads_to(&mut admin, text, &format!("/admin/unmatched/{case}")).await;
    }
    app.execute("INSERT INTO staff (userid, name) VALUES ('p-q', '秦新来')")
        .await;
    wait_for_terms(&app).await;
    let both = search(&mut admin, "qinxinlai").await.body;
    assert!(
        both.contains("覃新来") && both.contains("秦新来") && both.contains("设计师"),
        "{both}"
    );
    let empty = admin.get("/admin/search").await;
    assert!(
        empty.status == 200 && empty.body.contains("Enter what to look for"),
        "{}",
        empty.body
    );
}

#[sqlx::test]
async fn changes_are_found_whoever_writes_them(pool: PgPool) {
    // Rows of a version that computes no terms: before the start, and beside it.
    sqlx::raw_sql("INSERT INTO staff (userid, name) VALUES ('early', '尉迟早')")
        .execute(&pool)
        .await
        .unwrap();
    let (app, mut admin) = spawn(&pool).await;
    leads_to(&mut admin, "yuchizao", "/admin/staff/early").await;
    app.execute("UPDATE staff SET name = '仇晚', job_number = 'Z-9', mobile = NULL WHERE userid IN ('early', 'p-shan')").await;
    app.execute("DELETE FROM unmatched_login WHERE nick = '路人甲'; UPDATE unmatched_login SET nick = '新昵称'").await;
    wait_for_terms(&app).await;
    for text in [
        "yuchizao",
        "单晓燕",
        "13900000071",
        "a-0071",
        "路人甲",
        "小燕子",
    ] {
        finds_nobody(&mut admin, text).await;
    }
    leads_to(&mut admin, "xinnicheng", "/admin/staff/p-abu").await;
    let both = search(&mut admin, "qiuwan").await;
    assert!(
        both.body.contains("/admin/staff/early") && both.body.contains("/admin/staff/p-shan"),
        "{}",
        both.body
    );
}

#[sqlx::test]
async fn the_top_bar_has_the_search_for_everybody_with_a_role(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    let page = admin.get("/admin/staff").await.body;
    let (bar, _) = page.split_once("<main").unwrap();
    assert_eq!(
        bar.matches("action=\"/admin/search\" role=\"search\"")
            .count(),
        2,
        "{bar}"
    );
    assert!(bar.contains("aria-keyshortcuts=\"/\""), "{bar}");
}

#[sqlx::test]
async fn an_empty_list_says_where_there_is_something(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute("INSERT INTO event (dedupe_key, event_type, userids, state) VALUES ('id:e', 'user_modify_org', '{p-shan}', 'applied')").await;
    for (list, link) in [
        ("staff?q=p-shan&status=left", "?q=p-shan"),
        ("staff?q=p-shan&department=20", "?q=p-shan"),
        ("audit?q=manager4220&action=staff.left", "?q=manager4220"),
        ("audit?q=manager4220&to=2020-01-01", "?q=manager4220"),
        ("events?q=p-shan&state=failed", "?q=p-shan"),
        ("sessions?q=manager4220&method=in_app", "?q=manager4220"),
    ] {
        let page = admin.get(&format!("/admin/{list}")).await.body;
        assert!(
            page.contains(&format!("<a href=\"{link}\">"))
                && page.contains("found under other filters"),
            "{list}: {page}"
        );
    }
    for list in [
        "staff?q=nobody&status=left",
        "staff?status=left&department=20",
        "staff?q=p-shan",
    ] {
        let page = admin.get(&format!("/admin/{list}")).await.body;
        assert!(
            !page.contains("found under other filters"),
            "{list}: {page}"
        );
    }
}
