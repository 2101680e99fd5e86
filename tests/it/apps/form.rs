//! The form of an app: what it refuses, and how departments are found without script.

use sqlx::PgPool;

use super::{FINANCE, PLATFORM, TECH, add, fields, spawn, with};
use crate::support::TestApp;

#[sqlx::test]
async fn a_bad_form_comes_back_filled_in_with_the_error_at_its_field(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let long = "长".repeat(41);
    let longer = "长".repeat(81);
    for (field, value, error) in [
        ("name", " ", "Please enter a name."),
        ("name", long.as_str(), "A name has at most 40 characters."),
        ("address", "", "Please enter an address."),
        ("address", "oa.example.com", "begins with https://"),
        ("address", "javascript:alert(1)", "begins with https://"),
        ("address", "http://10.0.0.7/", "allowed only for localhost"),
        (
            "address",
            "https://me:secret@oa.example.com/",
            "Remove the user name",
        ),
        ("description", longer.as_str(), "at most 80 characters"),
        ("icon", "skull", "one of the icons"),
        ("colour", "pink", "one of the colours"),
        ("departments", "0", "choose a department"),
    ] {
        let form = with(fields("<报销>", &[FINANCE]), field, value);
        let answer = admin.post("/admin/apps/new", &form).await;
        assert_eq!(answer.status, 400, "{field}={value}");
        // A group is led to by its first control.
        let control = match field {
            "departments" => "audience-all",
            field => field,
        };
        let sentence = format!("<p class=\"field-error\" id=\"{control}-error\">");
        let (_, tail) = answer.body.split_once(&sentence).unwrap();
        assert!(
            tail.split('<').next().unwrap().contains(error),
            "{field}={value}"
        );
        assert!(
            answer
                .body
                .contains(&format!("<li><a href=\"#{control}\">")),
            "{field}"
        );
        let is_tied = answer.body.matches(&format!("{control}-error\"")).count() == 2;
        let is_there = answer.body.contains(&format!(" id=\"{control}\""));
        assert!(is_tied && is_there, "{field}");
        if field != "name" {
            assert!(
                answer.body.contains("value=\"&#60;报销&#62;\""),
                "{field}={value}"
            );
        }
        if field != "departments" {
            let ticked = format!("value=\"{FINANCE}\" checked");
            assert!(answer.body.contains(&ticked), "{field}={value}");
        }
    }
    let answer = admin
        .post(
            "/admin/apps/new",
            &with(fields("a", &[FINANCE]), "departments", "x"),
        )
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(app.number("SELECT count(*) FROM app").await, 0);
}

#[sqlx::test]
async fn departments_are_searched_for_then_ticked(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let mut form = with(fields("报销", &[FINANCE]), "act", "find");
    form.push(("q", "研发"));
    let page = admin.post("/admin/apps/new", &form).await;
    assert_eq!(page.status, 200);
    let box_of = |id: &str| format!("id=\"department-{id}\" name=\"departments\" value=\"{id}\"");
    assert!(page.body.contains(&format!("{} checked", box_of(FINANCE))));
    assert!(
        page.body.contains(&format!("{}>", box_of(PLATFORM))),
        "{}",
        page.body
    );
    assert!(
        !page.body.contains(&box_of(TECH)),
        "its name has nothing of that"
    );
    assert!(!page.body.contains("field-error"));
    // The Enter key searches first, and saves what has been searched for.
    let mut form = with(fields("报销", &[FINANCE, PLATFORM]), "act", "enter");
    form.extend([("q", "研发"), ("searched", "")]);
    assert_eq!(admin.post("/admin/apps/new", &form).await.status, 200);
    assert_eq!(app.number("SELECT count(*) FROM app").await, 0);
    let form = with(form, "searched", "研发");
    assert_eq!(admin.post("/admin/apps/new", &form).await.status, 303);
    assert_eq!(app.number("SELECT count(*) FROM app_department").await, 2);
}

#[sqlx::test]
async fn two_thousand_departments_make_no_long_page(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    app.execute("INSERT INTO department (dept_id, parent_id, name, observed_at) SELECT 500000000 + n, 1, '门店 ' || n, now() FROM generate_series(1, 2000) n").await;
    let mut form = with(fields("门店", &[FINANCE]), "act", "find");
    form.push(("q", "门店"));
    let page = admin.post("/admin/apps/new", &form).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.body.matches("name=\"departments\"").count(), 31);
    assert!(
        page.body
            .contains("2000 departments were found; these are the first 30")
    );
    let form = with(form, "q", "门店 1999");
    let page = admin.post("/admin/apps/new", &form).await;
    assert_eq!(page.body.matches("name=\"departments\"").count(), 2);
    let ids: Vec<String> = (1..=2000).map(|n| (500_000_000 + n).to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    add(&app, &mut admin, "全部门店", &ids).await;
    assert_eq!(
        app.number("SELECT count(*) FROM app_department").await,
        2000
    );
}

#[sqlx::test]
async fn a_department_that_is_no_more_can_be_seen_and_taken_away(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let id = add(&app, &mut admin, "旧", &[FINANCE, TECH]).await;
    gone(&app).await;
    let path = format!("/admin/apps/{id}");
    let page = admin.get(&path).await.body;
    assert!(
        page.contains(&format!("Department {FINANCE} (no longer exists)")),
        "{page}"
    );
    assert_eq!(admin.post(&path, &fields("旧", &[TECH])).await.status, 303);
    assert_eq!(
        app.number("SELECT dept_id FROM app_department")
            .await
            .to_string(),
        TECH
    );
}

async fn gone(app: &TestApp) {
    app.execute("DELETE FROM department WHERE dept_id = 410020006")
        .await;
}
