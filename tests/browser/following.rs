//! A page that follows work in progress, without taking anything out of its reader's hands.

use std::time::Duration;

use dingtalk_sim::company;
use serde_json::json;
use sqlx::PgPool;

use crate::it::support::TestApp;
use crate::sign_in;
use crate::window::{Visitor, Window, visit};

/// Longer than from one look at the work to the next.
const A_WHILE: Duration = Duration::from_millis(4500);

const PAUSE: &str = "[data-pause]";

#[sqlx::test]
async fn a_page_follows_the_work_unless_it_is_in_use_or_paused(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let run = start(&app).await;
    visit(Visitor::English, async |window| {
        sign_in(window, &app, company::ADMIN, "/").await;
        let zone = json!({"timezoneId": "America/New_York"});
        window.devtools("Emulation.setTimezoneOverride", zone).await;
        window.open(&format!("{}{run}", app.url)).await;
        window.run("window.isTheSame = true", Vec::new()).await;
        app.execute("UPDATE sync_run SET calls = 70001 WHERE state = 'running'")
            .await;
        app.execute("INSERT INTO alert (kind, detail) VALUES ('unknown_people_brake', '7')")
            .await;
        window.sees("70001").await;
        assert!(window.is_shown("main .banner").await);

        in_use(window, &app).await;
        paused(window, &app).await;
        assert!(is_the_same(window).await, "nothing was loaded anew");

        app.execute(
            "UPDATE sync_run SET state = 'done', finished_at = now() WHERE state = 'running'",
        )
        .await;
        window.sees("Everything agrees with the directory").await;
        assert_eq!(
            window.count("main [data-refresh], main [data-pause]").await,
            0
        );
        let times = "return document.querySelectorAll('main time').length";
        assert_ne!(window.run(times, Vec::new()).await, 0);
        assert_eq!(
            window.count("main time[title$='(UTC+8)']").await,
            0,
            "times are the reader's"
        );
        let said = "return document.querySelector('body > [role=status]').textContent";
        let said = window.run(said, Vec::new()).await;
        assert!(
            said.as_str().is_some_and(|said| !said.is_empty()),
            "the end is told"
        );
    })
    .await;
}

/// A run of another process that goes on for long; its page's path.
async fn start(app: &TestApp) -> String {
    app.execute(
        "INSERT INTO sync_run (cause, started_by, state, instance, lease_until, calls)
         VALUES ('command', 'x', 'running', gen_random_uuid(), now() + interval '8 seconds', 70000)",
    )
    .await;
    app.keep_run_alive("started_by = 'x'");
    format!(
        "/admin/syncs/{}",
        app.number("SELECT max(id) FROM sync_run").await
    )
}

async fn in_use(window: &Window, app: &TestApp) {
    let link = "document.querySelector('.heading .actions a')";
    window.run(&format!("{link}.focus()"), Vec::new()).await;
    app.execute("UPDATE sync_run SET calls = 70002 WHERE state = 'running'")
        .await;
    window.sees("70002").await;
    let still = format!("return document.activeElement === {link}");
    assert_eq!(
        window.run(&still, Vec::new()).await,
        true,
        "what is about to be pressed stays"
    );
    let select = "getSelection().selectAllChildren(document.querySelector('.facts'))";
    window.run(select, Vec::new()).await;
    app.execute("UPDATE sync_run SET calls = 70004 WHERE state = 'running'")
        .await;
    tokio::time::sleep(A_WHILE).await;
    assert!(!window.text().await.contains("70004"), "it is being copied");
    let done = "getSelection().removeAllRanges(); document.activeElement.blur()";
    window.run(done, Vec::new()).await;
    window.sees("70004").await;
}

async fn paused(window: &Window, app: &TestApp) {
    window.sees("Pause updates").await;
    window.click(PAUSE).await;
    window.sees("Resume updates").await;
    app.execute("UPDATE sync_run SET calls = 70003 WHERE state = 'running'")
        .await;
    tokio::time::sleep(A_WHILE).await;
    assert!(!window.text().await.contains("70003"), "it is paused");
    window.click(PAUSE).await;
    window.sees("70003").await;
    let focus = "return document.activeElement.matches('[data-pause]')";
    assert_eq!(
        window.run(focus, Vec::new()).await,
        true,
        "the button keeps the focus"
    );
}

async fn is_the_same(window: &Window) -> bool {
    window
        .run("return window.isTheSame === true", Vec::new())
        .await
        == true
}

#[sqlx::test]
async fn without_script_nothing_is_said_of_a_pause(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let run = start(&app).await;
    visit(Visitor::WithoutScript, async |window| {
        sign_in(window, &app, company::ADMIN, &run).await;
        assert!(!window.is_shown(PAUSE).await);
        assert!(window.is_shown(&format!("main a[href='{run}']")).await);
    })
    .await;
}
