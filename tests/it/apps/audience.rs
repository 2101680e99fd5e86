//! Who sees an app: by the tree of departments as it is at the moment.

use std::time::Duration;

use dingtalk_sim::{PersonChange, company};
use sqlx::PgPool;

use super::{FINANCE, PLATFORM, TECH, add, fields, names, spawn, tiles};
use crate::support::{Browser, eventually};

async fn sees_soon(browser: &mut Browser, wanted: &[&str]) {
    let what = format!("the tiles are {wanted:?}");
    eventually(&what, Duration::from_secs(15), async || {
        tiles(browser).await == wanted
    })
    .await;
}

#[sqlx::test]
async fn an_app_is_seen_in_its_departments_and_below_them(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    for (name, departments) in [
        ("大家", &[][..]),
        ("财务", &[FINANCE]),
        ("技术", &[TECH]),
        ("平台", &[PLATFORM]),
        ("两处", &[PLATFORM, FINANCE]),
        ("公司", &["1"]),
    ] {
        add(&app, &mut admin, name, departments).await;
    }
    // One in finance, one in a group below the centre, one in the centre and in a group of it, one in neither.
    for (userid, seen) in [
        (company::EMPLOYEE, &["大家", "财务", "两处", "公司"][..]),
        (
            company::BIG_ORDER,
            &["大家", "技术", "平台", "两处", "公司"],
        ),
        (company::LEADING_ZERO, &["大家", "技术", "公司"]),
        (
            company::TWO_DEPARTMENTS,
            &["大家", "技术", "平台", "两处", "公司"],
        ),
        (company::ADMIN, &["大家", "公司"]),
    ] {
        let mut browser = app.signed_in(userid).await;
        assert_eq!(tiles(&mut browser).await, seen, "{userid}");
    }
}

#[sqlx::test]
async fn whoever_moves_or_leaves_a_department_sees_what_is_theirs_now(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    add(&app, &mut admin, "技术", &[TECH]).await;
    add(&app, &mut admin, "财务", &[FINANCE]).await;
    let mut engineer = app.signed_in(company::BIG_ORDER).await;
    let mut leader = app.signed_in(company::TWO_DEPARTMENTS).await;
    assert_eq!(tiles(&mut engineer).await, ["技术"]);
    // The platform group moves to finance; its leader stays in the centre, too.
    let (platform, finance) = (PLATFORM.parse().unwrap(), FINANCE.parse().unwrap());
    app.sim.move_department(platform, finance).unwrap();
    sees_soon(&mut engineer, &["财务"]).await;
    assert_eq!(tiles(&mut leader).await, ["技术", "财务"]);
    let change = PersonChange {
        departments: Some(vec![finance]),
        ..PersonChange::default()
    };
    app.sim.change(company::TWO_DEPARTMENTS, change).unwrap();
    sees_soon(&mut leader, &["财务"]).await;
    // A department that is gone opens nothing.
    app.execute("DELETE FROM department WHERE dept_id = 410020006")
        .await;
    app.execute("DELETE FROM staff_department WHERE dept_id = 410020006")
        .await;
    assert!(tiles(&mut leader).await.is_empty());
}

#[sqlx::test]
async fn a_circle_of_parents_comes_to_an_end(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    add(&app, &mut admin, "技术", &[TECH]).await;
    app.execute("UPDATE department SET parent_id = 410020011 WHERE dept_id = 410020001")
        .await;
    let mut engineer = app.signed_in(company::BIG_ORDER).await;
    assert_eq!(tiles(&mut engineer).await, ["技术"]);
    assert_eq!(admin.get("/admin/apps").await.status, 200);
}

#[sqlx::test]
async fn the_number_of_people_leads_to_them(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let id = add(&app, &mut admin, "技术财务", &[TECH, PLATFORM, FINANCE]).await;
    let people = "SELECT count(DISTINCT m.userid) FROM staff_department m JOIN staff s USING (userid) JOIN department d USING (dept_id)
        WHERE s.status = 'employed' AND (d.dept_id IN (410020001, 410020006) OR d.parent_id IN (410020001, 410020006))";
    let (some, all) = (
        app.number(people).await,
        app.number("SELECT count(*) FROM staff WHERE status = 'employed'")
            .await,
    );
    assert!(some > 5 && some < all);
    let href = format!("/admin/staff?department=app-{id}&status=employed");
    let shown = format!("<a href=\"{}\">{some}</a>", href.replace('&', "&#38;"));
    let page = admin.get("/admin/apps").await.body;
    assert!(page.contains(&shown), "{page}");
    let page = admin.get(&href).await.body;
    assert!(page.contains(&format!("of {some}<")), "{page}");
    assert!(
        page.contains("Departments that see the app “技术财务”"),
        "{page}"
    );
    let csv = admin
        .get(&format!("/admin/staff.csv?department=app-{id}"))
        .await
        .body;
    assert_eq!(i64::try_from(csv.lines().count()).unwrap(), some + 1);
    assert_eq!(
        admin
            .post(&format!("/admin/apps/{id}"), &fields("技术财务", &[]))
            .await
            .status,
        303
    );
    let page = admin.get(&href).await.body;
    assert!(
        page.contains(&format!("of {all}<")),
        "an old address still tells the truth: {page}"
    );
    for bad in ["app-x", "app-", "x"] {
        let answer = admin.get(&format!("/admin/staff?department={bad}")).await;
        assert_eq!(answer.status, 400, "{bad}");
    }
    let nobody = names(
        &admin.get("/admin/staff?department=app-99").await,
        "<tr>",
        "avatar",
        ">",
    );
    assert!(nobody.is_empty());
}
