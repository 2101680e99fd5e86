//! The company's apps: who may arrange them, who sees them, and what a bad form is told.

mod audience;
mod form;

use dingtalk_sim::company;
use sqlx::PgPool;

use crate::support::{Answer, Browser, TestApp};

/// The finance department, which [`company::EMPLOYEE`] is in.
const FINANCE: &str = "410020006";
/// The centre above the platform and application groups.
const TECH: &str = "410020001";
const PLATFORM: &str = "410020011";

/// The whole company, and its administrator.
async fn spawn(pool: &PgPool) -> (TestApp, Browser) {
    let app = TestApp::spawn(pool).await;
    let admin = app.admin().await;
    (app, admin)
}

/// A form that is right in all but what is changed; an app of these departments, or for all.
fn fields<'a>(name: &'a str, departments: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("name", name),
        ("address", "https://oa.example.com/x"),
        ("description", "差旅与日常费用"),
        ("icon", "money"),
        ("colour", "teal"),
        ("shown", "yes"),
        ("act", "save"),
        (
            "audience",
            if departments.is_empty() {
                "all"
            } else {
                "some"
            },
        ),
    ];
    fields.extend(departments.iter().map(|id| ("departments", *id)));
    fields
}

/// The same form with another value in one field.
fn with<'a>(
    mut fields: Vec<(&'a str, &'a str)>,
    name: &str,
    value: &'a str,
) -> Vec<(&'a str, &'a str)> {
    for field in fields.iter_mut().filter(|field| field.0 == name) {
        field.1 = value;
    }
    fields
}

/// Adds an app; gives its id.
async fn add(app: &TestApp, admin: &mut Browser, name: &str, departments: &[&str]) -> i64 {
    let answer = admin
        .post("/admin/apps/new", &fields(name, departments))
        .await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/admin/apps"),
        "{}",
        answer.body
    );
    app.number(&format!("SELECT id FROM app WHERE name = '{name}'"))
        .await
}

/// The names of the tiles on somebody's portal.
async fn tiles(browser: &mut Browser) -> Vec<String> {
    let page = browser.get("/").await;
    assert_eq!(page.status, 200, "{}", page.body);
    names(&page, "class=\"tile\"", "<strong>", "</strong>")
}

/// What stands between two marks behind each mark.
fn names(page: &Answer, mark: &str, begin: &str, end: &str) -> Vec<String> {
    let tails = page.body.split(mark).skip(1);
    tails
        .filter_map(|tail| tail.split_once(begin)?.1.split_once(end))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// The names of the administrators' list in its order.
async fn listed(admin: &mut Browser) -> Vec<String> {
    let page = admin.get("/admin/apps").await;
    names(&page, "<tr id=\"app-", "</span><span>", "</span>")
}

#[sqlx::test]
async fn only_administrators_arrange_apps_and_only_with_their_token(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let id = add(&app, &mut admin, "报销", &[]).await;
    let mut employee = app.signed_in(company::EMPLOYEE).await;
    for page in [
        "/admin/apps",
        "/admin/apps/new",
        &format!("/admin/apps/{id}"),
    ] {
        assert_eq!(admin.get(page).await.status, 200, "{page}");
        assert_eq!(employee.get(page).await.status, 403, "{page}");
        assert_eq!(app.browser().get(page).await.status, 303, "{page}");
    }
    let form = fields("偷偷添加", &[]);
    for action in ["new", "1", "1/delete", "1/hide", "1/show", "1/up", "1/down"] {
        let path = format!("/admin/apps/{action}");
        assert_eq!(employee.post(&path, &form).await.status, 403, "{path}");
        assert_eq!(admin.post_bare(&path, &form).await.status, 403, "{path}");
    }
    assert_eq!(listed(&mut admin).await, ["报销"]);
    assert_eq!(
        app.number("SELECT count(*) FROM app WHERE is_shown").await,
        1
    );
    assert_eq!(
        app.number("SELECT count(*) FROM audit_entry WHERE action LIKE 'app.%'")
            .await,
        1
    );
}

#[sqlx::test]
async fn the_order_is_the_administrators_own(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let mut ids = Vec::new();
    for name in ["甲", "乙", "丙"] {
        ids.push(add(&app, &mut admin, name, &[]).await);
    }
    assert_eq!(listed(&mut admin).await, ["甲", "乙", "丙"]);
    let answer = admin.post(&format!("/admin/apps/{}/up", ids[2]), &[]).await;
    assert_eq!(answer.location(), format!("/admin/apps#app-{}", ids[2]));
    assert_eq!(listed(&mut admin).await, ["甲", "丙", "乙"]);
    admin
        .post(&format!("/admin/apps/{}/down", ids[0]), &[])
        .await;
    assert_eq!(listed(&mut admin).await, ["丙", "甲", "乙"]);
    for at_the_end in [format!("{}/up", ids[2]), format!("{}/down", ids[1])] {
        let path = format!("/admin/apps/{at_the_end}");
        assert_eq!(admin.post(&path, &[]).await.status, 303);
    }
    assert_eq!(admin.post("/admin/apps/99/up", &[]).await.status, 303);
    assert_eq!(tiles(&mut admin).await, ["丙", "甲", "乙"]);
}

#[sqlx::test]
async fn an_app_is_changed_hidden_and_deleted_and_the_trail_says_who_did_it(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let id = add(&app, &mut admin, "报销", &[]).await;
    let path = format!("/admin/apps/{id}");
    let page = admin.get(&path).await.body;
    assert!(
        page.contains("will be removed from the portal for"),
        "{page}"
    );
    let changed = with(fields("费用", &[]), "address", "http://localhost:8080/费用");
    assert_eq!(admin.post(&path, &changed).await.status, 303);
    let portal = admin.get("/").await.body;
    assert!(
        portal.contains("href=\"http://localhost:8080/%E8%B4%B9%E7%94%A8\" rel=\"noopener\""),
        "{portal}"
    );
    assert!(portal.contains("localhost:8080</span>"));
    assert_eq!(
        admin.get("/").await.header("referrer-policy"),
        "no-referrer"
    );
    assert_eq!(admin.post(&format!("{path}/hide"), &[]).await.status, 303);
    assert!(tiles(&mut admin).await.is_empty());
    assert_eq!(admin.post(&format!("{path}/hide"), &[]).await.status, 303);
    assert!(
        admin
            .get("/admin/apps")
            .await
            .body
            .contains("Nothing has changed")
    );
    assert_eq!(admin.post(&format!("{path}/show"), &[]).await.status, 303);
    assert_eq!(tiles(&mut admin).await, ["费用"]);
    assert_eq!(admin.post(&format!("{path}/delete"), &[]).await.status, 303);
    assert!(tiles(&mut admin).await.is_empty());
    assert_eq!(admin.get(&path).await.status, 404);
    assert_eq!(
        admin.post(&path, &changed).await.status,
        303,
        "it is told that the app is gone"
    );
    assert!(
        admin
            .get("/admin/apps")
            .await
            .body
            .contains("That app has been deleted")
    );
    assert_eq!(admin.get("/admin/apps/x").await.status, 404);
    let trail = format!(
        "SELECT count(*) FROM audit_entry WHERE actor = '{}' AND (action, name, status) IN (('app.create', '报销', 'shown'),
         ('app.update', '费用', 'shown'), ('app.update', '费用', 'hidden'), ('app.delete', '费用', 'deleted'))",
        company::ADMIN
    );
    assert_eq!(app.number(&trail).await, 5);
    assert_eq!(
        app.number("SELECT count(*) FROM audit_entry WHERE action LIKE 'app.%'")
            .await,
        5
    );
    let page = admin.get("/admin/audit?action=app.delete").await.body;
    assert!(
        page.contains("Deleted an app") && page.contains("费用"),
        "{page}"
    );
}

#[sqlx::test]
async fn without_apps_the_portal_says_what_to_do(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let mut employee = app.signed_in(company::EMPLOYEE).await;
    let add_first = "href=\"/admin/apps/new\"";
    assert!(admin.get("/").await.body.contains(add_first));
    assert!(admin.get("/admin/apps").await.body.contains("No apps yet"));
    let page = employee.get("/").await.body;
    assert!(page.contains("There are no apps for you yet") && !page.contains(add_first));
    add(&app, &mut admin, "研发", &[TECH]).await;
    assert!(
        !admin.get("/").await.body.contains(add_first),
        "there is one, though not for the administrator"
    );
    drop(app);
}
