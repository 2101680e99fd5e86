//! The departments: the page, and the rule that an older answer never replaces a newer one.

use chrono::{DateTime, TimeDelta, Utc};
use dinggate::domain::person::Department;
use dinggate::store::{department, staff};
use sqlx::PgPool;

use super::{rows, shows, spawn};

#[sqlx::test]
async fn the_list_shows_the_way_to_each_department_and_who_is_there(pool: PgPool) {
    let (_app, mut admin) = spawn(&pool).await;
    let page = admin.get("/admin/departments").await.body;
    assert_eq!(rows(&page), 4);
    assert!(shows(&page, "示例公司 / 研发中心"), "{page}");
    // Two people below the centre, one of them directly in it as well; the leaver does not count.
    assert!(
        shows(
            &page,
            "<a href=\"/admin/staff?department=10&#38;status=employed\">2</a><span class=\"muted\"> (1 directly)"
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
    let page = admin.get("/admin/departments").await;
    assert_eq!((page.status, rows(&page.body)), (200, 4));
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
    let mut conn = pool.acquire().await.unwrap();
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
    let mut conn = pool.acquire().await.unwrap();
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
    assert_eq!(department::all(&mut conn).await.unwrap(), [named("newer")]);
}

#[sqlx::test]
async fn a_department_that_is_removed_takes_everybodys_place_along(pool: PgPool) {
    let mut conn = pool.acquire().await.unwrap();
    let now = staff::now(&mut conn).await.unwrap();
    department::upsert(&mut conn, &named("gone soon"), now)
        .await
        .unwrap();
    let arrange = "INSERT INTO staff (userid, name) VALUES ('a', 'A'); INSERT INTO staff_department (userid, dept_id) VALUES ('a', 40), ('a', 41);
        INSERT INTO event (dedupe_key, event_type, dept_ids, state, received_at) VALUES ('x', 'org_dept_remove', '{40}', 'applied', now() + interval '1 minute')";
    sqlx::raw_sql(arrange).execute(&pool).await.unwrap();
    assert!(
        department::remove(&mut conn, 40, now + minutes(2))
            .await
            .unwrap()
    );
    assert_eq!(
        staff::departments_of(&mut conn, &"a".parse().unwrap())
            .await
            .unwrap(),
        [(41, false)]
    );
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
