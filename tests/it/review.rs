//! The review: who waits, what an administrator decides, and what no event or sync undoes.

mod approve;
mod both_ids;
mod bulk;
mod directory;
mod link;
mod list;
mod lost_rights;
mod reject;
mod waiting;

use sqlx::PgPool;

use crate::support::{Answer, Browser, TestApp};

/// A service whose staff table holds nobody yet, and its administrator's browser.
async fn spawn(pool: &PgPool) -> (TestApp, Browser) {
    let app = TestApp::spawn_empty(pool, |_| {}).await;
    let admin = app.admin().await;
    (app, admin)
}

/// Somebody scans and is turned away with this reason; gives the case.
async fn turned_away(app: &TestApp, unionid: &str, reason: &str) -> i64 {
    let answer = app.browser().scan(unionid, "/").await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    let id = case_of(app, unionid).await;
    assert_eq!(
        text(
            app,
            &format!("SELECT reason FROM unmatched_login WHERE id = {id}")
        )
        .await,
        reason
    );
    id
}

async fn case_of(app: &TestApp, unionid: &str) -> i64 {
    app.number(&format!(
        "SELECT id FROM unmatched_login WHERE unionid = '{unionid}'"
    ))
    .await
}

async fn state_of(app: &TestApp, id: i64) -> String {
    text(
        app,
        &format!("SELECT state FROM unmatched_login WHERE id = {id}"),
    )
    .await
}

/// The one text that a statement gives.
async fn text(app: &TestApp, statement: &str) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    sqlx::query_scalar(sqlx::AssertSqlSafe(statement.to_owned()))
        .fetch_one(&app.pool)
        .await
        .unwrap()
}

/// Whether a person is let in now.
async fn gets_in(app: &TestApp, unionid: &str) -> bool {
    app.browser().scan(unionid, "/").await.status == 303
}

/// Sends a decision about one case.
async fn decide(admin: &mut Browser, id: i64, decision: &str, fields: &[(&str, &str)]) -> Answer {
    admin
        .post(&format!("/admin/unmatched/{id}/{decision}"), fields)
        .await
}

/// Expects a page that says why nothing was decided.
fn assert_refused(answer: &Answer, status: u16, sentence: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert!(
        answer.body.contains(sentence),
        "{sentence} is not in {}",
        answer.body
    );
}
