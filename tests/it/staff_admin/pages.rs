//! Searching the staff table, and one person's page.

use dingtalk_sim::company;
use serde_json::json;
use sqlx::PgPool;

use super::{BECAUSE, assert_refused, spawn};
use crate::support::TestApp;

#[sqlx::test]
async fn odd_userids_have_pages_and_unknown_ones_have_none(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    app.execute("INSERT INTO staff (userid, name) VALUES ('a/b ?c#%2F&<é>', '奇怪'), ('..x', '')")
        .await;
    let list = admin.get("/admin/staff?q=奇怪").await.body;
    let path = "/admin/staff/a%2Fb%20%3Fc%23%252F%26%3C%C3%A9%3E";
    assert!(list.contains(path), "{list}");
    let page = admin.get(path).await;
    assert!(
        page.status == 200 && page.body.contains("a/b ?c#%2F&#38;&#60;é&#62;"),
        "{}",
        page.body
    );
    let answer = admin.post(&format!("{path}/leave"), &[BECAUSE]).await;
    assert_eq!((answer.status, answer.location()), (303, path));
    assert_eq!(
        app.status_of("a/b ?c#%2F&<é>").await.as_deref(),
        Some("left")
    );
    assert_eq!(admin.get("/admin/staff/..x").await.status, 200);
    for unknown in [
        "/admin/staff/nobody",
        "/admin/staff/%FF",
        "/admin/staff/a/b",
    ] {
        assert_eq!(admin.get(unknown).await.status, 404, "{unknown}");
    }
    for action in ["leave", "restore", "end-sessions"] {
        assert_eq!(
            admin
                .post(&format!("/admin/staff/nobody/{action}"), &[BECAUSE])
                .await
                .status,
            404,
            "{action}"
        );
    }
}

#[sqlx::test]
async fn the_list_is_searched_and_filtered(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    app.execute(
        "INSERT INTO department (dept_id, parent_id, name, observed_at) VALUES
             (1, NULL, 'root', now()), (10, 1, 'Branch', now()), (11, 10, 'Leaf', now()), (12, 13, 'Ring', now()), (13, 12, 'Ring too', now());
         INSERT INTO staff (userid, unionid, name, job_number, title, mobile, email) VALUES
             ('u-1', 'UNION-1', 'Anna One', 'J-100', 'Engineer', '13800000001', 'anna@example.com'),
             ('u-2', 'UNION-2', 'Bert Two', NULL, NULL, NULL, NULL);
         INSERT INTO staff (userid, name, status, left_at, left_cause) VALUES ('u-3', 'Carl Three', 'left', now(), 'event');
         INSERT INTO staff_department (userid, dept_id) VALUES ('u-1', 11), ('u-2', 10), ('u-3', 12)",
    )
    .await;
    for (query, people) in [
        ("q=u-", "123"),
        ("q=anna+one", "1"),
        ("q=union-2", "2"),
        ("q=j-100", "1"),
        ("q=engineer", "1"),
        ("q=0000001", "1"),
        ("q=ANNA%40example", "1"),
        ("q=100%25", ""),
        ("q=_", ""),
        ("q=u-&status=employed", "12"),
        ("q=u-&status=left", "3"),
        ("department=10", "12"),
        ("department=11", "1"),
        ("department=13", "3"),
        ("department=999", ""),
        ("q=u-&per_page=2", "12"),
        ("q=u-&per_page=2&page=2", "3"),
    ] {
        let page = admin.get(&format!("/admin/staff?{query}")).await;
        let seen: String = ["1", "2", "3"]
            .into_iter()
            .filter(|n| page.body.contains(&format!("href=\"/admin/staff/u-{n}\"")))
            .collect();
        assert_eq!((page.status, seen.as_str()), (200, people), "{query}");
    }
    for (query, named) in [("status=fired", "fired"), ("department=x1", "x1")] {
        assert_refused(
            &admin.get(&format!("/admin/staff?{query}")).await,
            400,
            named,
        );
    }
}

#[sqlx::test]
async fn a_persons_page_shows_all_that_is_known(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.signed_in(company::TWO_DEPARTMENTS).await;
    app.deliver(&json!({"EventType": "user_modify_org", "UserId": [company::TWO_DEPARTMENTS], "TimeStamp": "1"})).await;
    let person = app.sim.person(company::TWO_DEPARTMENTS).unwrap();
    let page = admin
        .get(&format!("/admin/staff/{}", person.userid))
        .await
        .body;
    for part in [
        &person.name,
        &person.userid,
        &person.unionid,
        "Leader",
        "127.0.0.1",
        "Details changed",
        "Signed in",
        "Employed",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for department in person.memberships {
        assert!(
            page.contains(&format!("/admin/staff?department={}", department.dept_id)),
            "{page}"
        );
    }
}

#[sqlx::test]
async fn the_hired_date_is_the_day_in_china_wherever_the_reader_is(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute("UPDATE staff SET hired_date = '2020-02-29T16:00:00Z' WHERE userid = 'zhangsan01'")
        .await;
    let mut themselves = app.signed_in(company::EMPLOYEE).await;
    // Scripts rewrite what stands in a <time>.
    let line = "<dt>Hired</dt><dd>2020-03-01</dd>";
    let page = admin.get("/admin/staff/zhangsan01").await.body;
    assert!(page.contains(line), "{page}");
    let portal = themselves.get("/").await.body;
    assert!(portal.contains(line), "{portal}");
    let export = admin.get("/admin/staff.csv?q=zhangsan01").await.body;
    assert!(export.contains(",2020-03-01,"), "{export}");
    app.execute("UPDATE staff SET hired_date = NULL WHERE userid = 'zhangsan01'")
        .await;
    assert!(!themselves.get("/").await.body.contains("<dt>Hired</dt>"));
}

#[sqlx::test]
async fn userids_of_dots_have_pages_that_a_browser_can_open(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    app.execute("INSERT INTO staff (userid, name) VALUES ('.', '一点甲'), ('..', '两点乙'), ('~.', '波浪丙')")
        .await;
    for (userid, name) in [(".", "一点甲"), ("..", "两点乙"), ("~.", "波浪丙")] {
        let list = admin.get(&format!("/admin/staff?q={name}")).await.body;
        let links = list.split("href=\"/admin/staff/").skip(1);
        let link = links.map(|tail| tail.split('"').next().unwrap()).next();
        let path = format!("/admin/staff/{}", link.unwrap());
        // As a browser does before it sends anything.
        let opened = url::Url::parse(&app.url).unwrap().join(&path).unwrap();
        assert_eq!(opened.path(), path, "{userid}");
        let page = admin.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.body.contains(name), "{path}");
        let left = admin.post(&format!("{path}/leave"), &[BECAUSE]).await;
        assert_eq!((left.status, left.location()), (303, path.as_str()));
        assert_eq!(app.status_of(userid).await.as_deref(), Some("left"));
    }
}
