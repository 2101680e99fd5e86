//! The language that was chosen by hand, and the company's own name, logo and colour.

use sqlx::PgPool;

use crate::support::{Answer, TestApp};

fn policy(answer: &Answer) -> String {
    answer.header("content-security-policy").to_owned()
}

#[sqlx::test]
async fn a_language_chosen_by_hand_is_remembered_and_the_view_stays(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.browser();
    let page = browser.get("/login?rd=%2Fadmin%2Fstaff").await.body;
    assert!(
        page.contains(r#"lang="en""#),
        "the test's browser asks for English"
    );
    assert!(
        page.contains("/login?rd=%2Fadmin%2Fstaff&#38;lang=zh"),
        "{page}"
    );
    let switched = browser.get("/login?rd=%2Fadmin%2Fstaff&lang=zh").await;
    assert_eq!(
        (switched.status, switched.location()),
        (303, "/login?rd=%2Fadmin%2Fstaff")
    );
    let page = browser.get("/login?rd=%2Fadmin%2Fstaff").await.body;
    assert!(page.contains(r#"<html lang="zh-CN">"#), "{page}");
    let back = browser.get("//evil.example/?lang=en").await;
    assert!(
        back.status == 404 || back.location() == "/",
        "{} {}",
        back.status,
        back.location()
    );
    let used = browser.get("/login/callback?code=c&state=s&lang=en").await;
    assert_eq!(used.status, 400, "the way back is not led anywhere");
    assert!(
        used.body.contains("/login?lang=") && !used.body.contains("code=c"),
        "{}",
        used.body
    );
}

#[sqlx::test]
async fn the_pages_bear_the_companys_name_logo_and_colour(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |settings| {
        for (name, value) in [
            ("DINGGATE_BRAND_NAME", "示例<科技>"),
            ("DINGGATE_BRAND_LOGO", "https://files.example.com/logo.svg"),
            ("DINGGATE_BRAND_COLOR", "#ffd400"),
        ] {
            settings.insert(name.to_owned(), value.to_owned());
        }
    })
    .await;
    let mut browser = app.browser();
    let page = browser.get("/login").await;
    assert!(
        page.body.contains("示例&#60;科技&#62;</title>"),
        "{}",
        page.body
    );
    assert!(
        page.body
            .contains(r#"src="https://files.example.com/logo.svg""#),
        "{}",
        page.body
    );
    assert!(
        policy(&page).contains("img-src https://files.example.com 'self'"),
        "{}",
        policy(&page)
    );
    let (_, style) = page
        .body
        .split_once(r#"href="/brand/colour.css?v="#)
        .unwrap();
    let version = style.split('"').next().unwrap();
    let style = browser.get(&format!("/brand/colour.css?v={version}")).await;
    assert_eq!(
        (style.status, style.header("content-type")),
        (200, "text/css; charset=utf-8")
    );
    assert!(
        style.body.contains("--on-accent: #000000"),
        "{}",
        style.body
    );
    let missing = browser.get("/nothing/here").await;
    assert!(
        missing.status == 404 && missing.body.contains("示例&#60;科技&#62;"),
        "errors, too"
    );
    assert_eq!(
        browser.get("/brand/logo").await.status,
        404,
        "browsers fetch it from elsewhere"
    );
}

#[sqlx::test]
async fn a_logo_from_a_file_is_served_and_cannot_run_anything(pool: PgPool) {
    let file = std::env::temp_dir().join(format!("logo-{}.svg", uuid::Uuid::new_v4()));
    std::fs::write(
        &file,
        "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
    )
    .unwrap();
    let path = file.to_str().unwrap().to_owned();
    let app = TestApp::spawn_with(&pool, |settings| {
        settings.insert("DINGGATE_BRAND_LOGO".to_owned(), path);
    })
    .await;
    std::fs::remove_file(&file).unwrap();
    let mut browser = app.browser();
    let page = browser.get("/login").await;
    assert!(
        page.body.contains(r#"src="/brand/logo?v="#),
        "{}",
        page.body
    );
    assert!(page.body.contains("· Dinggate</title>") && !page.body.contains("/brand/colour.css"));
    let logo = browser.get("/brand/logo").await;
    assert_eq!(
        (logo.status, logo.header("content-type")),
        (200, "image/svg+xml")
    );
    let policy = policy(&logo);
    for part in [
        "default-src 'none';",
        "frame-ancestors 'none';",
        "; sandbox",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("script-src"), "{policy}");
    assert_eq!(logo.header("cache-control"), "public, no-cache");
    let (_, tail) = page.body.split_once(r#"src="/brand/logo?v="#).unwrap();
    let version = tail.split('"').next().unwrap();
    let own = browser.get(&format!("/brand/logo?v={version}")).await;
    assert_eq!(
        own.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
}
