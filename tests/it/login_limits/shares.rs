//! What one person, or one address, can have of what all share.

use std::collections::HashSet;
use std::time::Duration;

use dingtalk_sim::company;
use serde_json::json;
use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::spawn;
use crate::support::TestApp;

/// Signs in from a new browser and returns its device cookie.
async fn new_device(app: &TestApp, userid: &str) -> String {
    let mut browser = app.browser();
    let code = app.sim.in_app_code(userid);
    let answer = browser
        .post_json("/login/in-app", &json!({ "code": code }))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    browser.cookies["dinggate-device"].clone()
}

#[sqlx::test]
async fn a_person_who_signs_in_from_many_browsers_is_few_clients(pool: PgPool) {
    let app = spawn(&pool, "120/m").await;
    let mut devices = HashSet::new();
    for _ in 0..12 {
        devices.insert(new_device(&app, company::EMPLOYEE).await);
    }
    assert!(devices.len() <= 4, "{devices:?}");
    let of_another = new_device(&app, company::ADMIN).await;
    assert!(!devices.contains(&of_another));
}

/// Sends the head of an in-app login and no body; returns the status.
async fn login_without_body(app: &TestApp) -> u16 {
    let host = app.url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST /login/in-app HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).await.unwrap();
    let status = std::str::from_utf8(&answer[9..]).unwrap();
    status.parse().unwrap()
}

#[sqlx::test]
async fn where_the_queue_is_full_no_body_is_read(pool: PgPool) {
    let app = spawn(&pool, "120/m").await;
    // A session of the call before has fetched the token.
    new_device(&app, company::EMPLOYEE).await;
    app.execute(
        "INSERT INTO rate_limit (api, next_at, throttled_at)
         VALUES ('topapi/v2/user/getuserinfo', now() + interval '30 seconds', now())
         ON CONFLICT (api) DO UPDATE SET next_at = EXCLUDED.next_at, throttled_at = EXCLUDED.throttled_at",
    )
    .await;
    let waits = new_device(&app, company::ADMIN);
    let (_device, status) = tokio::join!(waits, async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let status = login_without_body(&app).await;
        app.execute(
            "UPDATE rate_limit SET next_at = now() WHERE api = 'topapi/v2/user/getuserinfo'",
        )
        .await;
        status
    });
    assert_eq!(status, 503, "not 408, for a body that did not come");
}
