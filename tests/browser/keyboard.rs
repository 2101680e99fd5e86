//! The review by keyboard alone.

use std::time::Duration;

use dingtalk_sim::company::{self, BIG_ORDER, EMPLOYEE};
use serde_json::json;
use sqlx::PgPool;

use crate::it::support::{TestApp, eventually};
use crate::window::{Visitor, Window, visit};
use crate::{case_of, sign_in, unionid};

/// Presses a key as a person does: what has the focus takes it.
async fn press(window: &Window, key: &str) {
    let (code, text) = match key {
        "Enter" => (13, "\r"),
        letter => (letter.as_bytes()[0].to_ascii_uppercase(), letter),
    };
    for (kind, text) in [("keyDown", text), ("keyUp", "")] {
        let event = json!({"type": kind, "key": key, "text": text, "windowsVirtualKeyCode": code});
        window.devtools("Input.dispatchKeyEvent", event).await;
    }
}

async fn write(window: &Window, text: &str) {
    let input = json!({ "text": text });
    window.devtools("Input.insertText", input).await;
}

#[sqlx::test]
async fn ten_cases_are_reviewed_without_a_mouse(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    app.execute(
        "INSERT INTO unmatched_login (unionid, nick, reason, last_request_id, last_seen_at)
         SELECT 'u-' || n, 'nick-' || n, 'left', 'R', now() - n * interval '1 hour' FROM generate_series(1, 8) n",
    )
    .await;
    for userid in [EMPLOYEE, BIG_ORDER] {
        app.browser().scan(&unionid(&app, userid), "/").await;
    }
    let looked_up = async || app.number("SELECT count(*) FROM unmatched_person").await == 2;
    eventually("both are looked up", Duration::from_secs(20), looked_up).await;
    visit(Visitor::English, async |window| {
        sign_in(window, &app, company::ADMIN, "/admin/unmatched").await;
        press(window, "j").await;
        press(window, "Enter").await;
        let mut cases = Vec::new();
        for userid in [BIG_ORDER, EMPLOYEE] {
            let case = case_of(&app, &unionid(&app, userid)).await;
            cases.push(format!("{}/admin/unmatched/{case}", app.url));
        }
        for (key, case) in [("", 0), ("j", 1), ("k", 0)] {
            if !key.is_empty() {
                press(window, key).await;
            }
            window.is_at(&cases[case]).await;
        }
        for userid in [BIG_ORDER, EMPLOYEE] {
            press(window, "a").await;
            press(window, "Enter").await;
            let nick = app.sim.person(userid).unwrap().nick;
            window.sees(&format!("{nick} is approved")).await;
        }
        for n in 1..=8 {
            press(window, "r").await;
            write(window, "left for good").await;
            // Behind the question nothing is done.
            assert!(window.is_shown("dialog[open] input[name='reason']").await);
            press(window, "Enter").await;
            window.sees(&format!("nick-{n} is rejected")).await;
        }
        window.is_at(&format!("{}/admin/unmatched", app.url)).await;
    })
    .await;
    let waiting = "SELECT count(*) FROM unmatched_login WHERE state = 'waiting'";
    assert_eq!(app.number(waiting).await, 0);
}
