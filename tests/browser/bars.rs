//! The bars at the top on the smallest phones, with a company and people whose names are long.

use dingtalk_sim::{PersonChange, company};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::every_page::LONG_NAMES;
use crate::it::support::TestApp;
use crate::sign_in;
use crate::window::{Visitor, Window, visit};

const COMPANIES: [&str; 2] = [
    "Shanghai Example International Trade Ltd",
    "示例信息科技与国际贸易（上海）股份有限公司",
];

/// Ten times as wide as high.
const LOGO: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="600" height="60" viewBox="0 0 600 60"><path fill="#1756c4" d="M0 0h600v60H0z"/></svg>"##;

/// Gives what is wrong with the bar, as sentences.
const FAULTS: &str = include_str!("bars/faults.js");

#[sqlx::test]
async fn bars_hold_english_names_on_small_phones(pool: PgPool) {
    bars(&pool, Visitor::English, COMPANIES[0], LONG_NAMES[0]).await;
}

#[sqlx::test]
async fn bars_hold_chinese_names_on_small_phones(pool: PgPool) {
    bars(&pool, Visitor::Chinese, COMPANIES[1], LONG_NAMES[1]).await;
}

async fn bars(pool: &PgPool, visitor: Visitor, brand: &str, name: &str) {
    let file = std::env::temp_dir().join(format!("logo-{}.svg", uuid::Uuid::new_v4()));
    std::fs::write(&file, LOGO).unwrap();
    let cloud = TestApp::cloud();
    let named = PersonChange {
        name: Some(name.to_owned()),
        ..PersonChange::default()
    };
    cloud.change_quietly(company::ADMIN, named).unwrap();
    let app = TestApp::spawn_on(pool, cloud, |settings| {
        let logo = file.to_str().unwrap().to_owned();
        settings.insert("DINGGATE_BRAND_LOGO".to_owned(), logo);
        settings.insert("DINGGATE_BRAND_NAME".to_owned(), brand.to_owned());
    })
    .await;
    std::fs::remove_file(&file).unwrap();
    app.wait_for_first_sync().await;
    visit(visitor, async |window| {
        window.open(&format!("{}/login", app.url)).await;
        assert_bar_fits(window).await;
        sign_in(window, &app, company::ADMIN, "/").await;
        assert_bar_fits(window).await;
        window.open(&format!("{}/admin", app.url)).await;
        assert_bar_fits(window).await;
    })
    .await;
}

async fn assert_bar_fits(window: &Window) {
    for width in [1280, 900, 700, 360, 320] {
        window.resize(width).await;
        let faults = window.run(FAULTS, vec![json!(width)]).await;
        assert_eq!(
            faults,
            Value::Array(Vec::new()),
            "at {width}: {}",
            window.url().await
        );
    }
}
