//! The departments: the page, and the rule that an older answer never replaces a newer one.

use chrono::{DateTime, TimeDelta, Utc};
use dinggate::domain::person::Department;
use dinggate::domain::rights::Scope;
use dinggate::store::{department, staff};
use sqlx::PgPool;

use super::{rows, shows, spawn};

#[sqlx::test]
async fn the_list_shows_the_way_to_each_department_and_who_is_there(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    let page = admin.get("/admin/departments?view=list").await.body;
    assert_eq!(rows(&page), 4);
    assert!(shows(
        &page,
        "<a href=\"/admin/departments/10\">研发中心</a>"
    ));
    assert!(shows(&page, "示例公司 / 研发中心"), "{page}");
    // Two people below the centre, one of them directly in it as well; the leaver does not count.
    assert!(
        shows(
            &page,
            "<a href=\"/admin/staff?department=10&#38;status=employed\">2</a><span class=\"muted\"> (1 direct)"
        ),
        "{page}"
    );
    assert!(shows(
        &page,
        "<a href=\"/admin/staff?department=20&#38;status=employed\">0</a>"
    ));
    for (q, found) in [("11", 1), ("%E5%B9%B3%E5%8F%B0", 1), ("zzz", 0)] {
        assert_eq!(
            rows(&admin.get(&format!("/admin/departments?q={q}")).await.body),
            found,
            "{q}"
        );
    }
}

#[sqlx::test]
async fn a_circle_of_parents_hides_nothing(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute("UPDATE department SET parent_id = 11 WHERE dept_id = 10")
        .await;
    let second = admin.get("/admin/departments?page=2&per_page=2").await.body;
    assert_eq!(rows(&second), 2, "a page is one of the list: {second}");
    let list = admin.get("/admin/departments?view=list").await;
    assert_eq!((list.status, rows(&list.body)), (200, 4));
    let tree = admin.get("/admin/departments").await.body;
    for id in [1, 10, 11, 20] {
        assert!(
            shows(&tree, &format!("href=\"/admin/departments/{id}\"")),
            "{tree}"
        );
        let page = admin.get(&format!("/admin/departments/{id}")).await;
        assert_eq!(page.status, 200, "{id}");
    }
}

#[sqlx::test]
async fn the_tree_shows_how_many_people_each_department_holds(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let page = admin.get("/admin/departments").await.body;
    // A person in two departments of one branch is one person.
    for place in [
        "<a href=\"/admin/departments/1\">示例公司</a> <span class=\"tree-count\">2</span> <span class=\"hint\">0 direct",
        "<a href=\"/admin/departments/10\">研发中心</a> <span class=\"tree-count\">2</span> <span class=\"hint\">1 direct",
        "<a href=\"/admin/departments/11\">平台组</a> <span class=\"tree-count\">2</span></li>",
        "<a href=\"/admin/departments/20\">财务部</a> <span class=\"tree-count\">0</span></li>",
    ] {
        assert!(shows(&page, place), "{place}: {page}");
    }
    app.execute("DELETE FROM department").await;
    let empty = admin.get("/admin/departments").await.body;
    assert!(shows(&empty, "No departments yet"), "{empty}");
}

#[sqlx::test]
async fn a_department_shows_its_way_its_leaders_and_its_people(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute(
        "UPDATE staff_department SET is_leader = true, sort_order = 1 WHERE userid = 'u-li';
        UPDATE staff_department SET sort_order = 9007199254740993 WHERE userid = 'u-wang'",
    )
    .await;
    let page = admin.get("/admin/departments/11").await.body;
    assert!(
        shows(
            &page,
            "<a href=\"/admin/departments/1\">示例公司</a> / <a href=\"/admin/departments/10\">研发中心</a></nav>"
        ),
        "{page}"
    );
    assert_eq!(rows(&page), 2, "whoever has left is not in it");
    let members = page.split_once("<tbody>").unwrap().1;
    assert!(
        members.find("u-li").unwrap() < members.find("u-wang").unwrap(),
        "leaders first"
    );
    assert!(shows(
        &page,
        "<dt>Leaders</dt><dd><ul class=\"plain\"><li><a href=\"/admin/staff/u-li\">李晓华</a></li></ul></dd>"
    ));
    let above = admin.get("/admin/departments/10").await.body;
    assert_eq!(rows(&above), 1);
    for text in [
        "/admin/departments/11",
        "/admin/staff?department=10&#38;status=employed\">All 2 people",
    ] {
        assert!(shows(&above, text), "{text}: {above}");
    }
    let empty = admin.get("/admin/departments/20").await.body;
    assert!(shows(&empty, "No direct members") && shows(&empty, "no department below"));
    admin.headers[0].1 = "zh-CN".to_owned();
    let chinese = admin.get("/admin/departments/11").await.body;
    assert!(
        shows(&chinese, "直属人数") && shows(&chinese, "主管"),
        "{chinese}"
    );
}

#[sqlx::test]
async fn a_large_company_is_shown_level_by_level_and_page_by_page(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute("INSERT INTO department (dept_id, parent_id, name, observed_at)
            SELECT 1000 + i, CASE WHEN i <= 40 THEN 1 ELSE 1001 + i % 40 END, '部门' || i, now() FROM generate_series(1, 2000) i;
        INSERT INTO staff (userid, name) SELECT 'p' || i, '人' || i FROM generate_series(1, 130) i;
        INSERT INTO staff_department (userid, dept_id) SELECT 'p' || i, 1001 FROM generate_series(1, 130) i")
        .await;
    let page = admin.get("/admin/departments").await.body;
    assert_eq!(page.matches("class=\"tree-leaf\"").count(), 42, "{page}");
    assert!(
        shows(&page, "49 more below") && page.len() < 60_000,
        "{}",
        page.len()
    );
    let page = admin.get("/admin/departments/1001?page=3").await.body;
    assert_eq!(page.matches("class=\"tree-leaf\"").count(), 49);
    assert_eq!(rows(&page), 30);
    assert!(shows(&page, "101–130 of 130"), "{page}");
}

fn named(name: &str) -> Department {
    Department {
        dept_id: 40,
        parent_id: Some(1),
        name: name.to_owned(),
        order: Some(176_292_748_870_660_512),
    }
}

async fn name(pool: &PgPool) -> Option<String> {
    let mut conn = dinggate::store::Conn::single(pool.acquire().await.unwrap().detach());
    department::names(&mut conn, &[40])
        .await
        .unwrap()
        .pop()
        .map(|found| found.name)
}

fn minutes(n: i64) -> TimeDelta {
    TimeDelta::minutes(n)
}

#[sqlx::test]
async fn an_older_answer_never_replaces_a_newer_one(pool: PgPool) {
    let mut conn = dinggate::store::Conn::single(pool.acquire().await.unwrap().detach());
    let now: DateTime<Utc> = staff::now(&mut conn).await.unwrap();
    assert!(
        department::upsert(&mut conn, &named("new"), now)
            .await
            .unwrap()
    );
    assert!(
        !department::upsert(&mut conn, &named("old"), now - minutes(1))
            .await
            .unwrap()
    );
    assert!(
        !department::remove(&mut conn, 40, now - minutes(1))
            .await
            .unwrap()
    );
    assert_eq!(name(&pool).await.as_deref(), Some("new"));
    assert!(
        department::upsert(&mut conn, &named("newer"), now + minutes(1))
            .await
            .unwrap()
    );
    assert_eq!(
        department::all(&mut conn, &Scope::All).await.unwrap(),
        [named("newer")]
    );
}

#[sqlx::test]
async fn a_department_that_is_removed_takes_everybodys_place_along(pool: PgPool) {
    let mut conn = dinggate::store::Conn::single(pool.acquire().await.unwrap().detach());
    let now = staff::now(&mut conn).await.unwrap() - minutes(10);
    department::upsert(&mut conn, &named("gone soon"), now)
        .await
        .unwrap();
    let arrange = "INSERT INTO staff (userid, name) VALUES ('a', 'A'); INSERT INTO staff_department (userid, dept_id) VALUES ('a', 40), ('a', 41);
        INSERT INTO event (dedupe_key, event_type, dept_ids, state, received_at) VALUES ('x', 'org_dept_remove', '{40}', 'applied', now() - interval '9 minutes')";
    sqlx::raw_sql(arrange).execute(&pool).await.unwrap();
    assert!(
        department::remove(&mut conn, 40, now + minutes(2))
            .await
            .unwrap()
    );
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    let departments = sqlx::query_scalar::<_, i64>("SELECT dept_id FROM staff_department");
    assert_eq!(departments.fetch_all(&pool).await.unwrap(), [41]);
    // What was read before the event that removed it does not bring it back; what DingTalk says later does.
    assert!(
        !department::upsert(&mut conn, &named("read before"), now)
            .await
            .unwrap()
    );
    assert_eq!(name(&pool).await, None);
    assert!(
        department::upsert(&mut conn, &named("made anew"), now + minutes(3))
            .await
            .unwrap()
    );
    assert_eq!(name(&pool).await.as_deref(), Some("made anew"));
}
