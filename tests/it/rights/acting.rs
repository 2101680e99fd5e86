//! The right of whoever acts is checked again in the transaction that acts.

use dingtalk_sim::company::{ADMIN, EMPLOYEE};
use sqlx::PgPool;

use super::{SOON, grant};
use crate::support::{TestApp, eventually};

/// Takes the grant away while a request waits to act, which it does behind this lock.
async fn revoke_before_it_acts(app: &TestApp) -> impl Future<Output = ()> + use<'_> {
    let mut tx = app.pool.begin().await.unwrap();
    sqlx::raw_sql("SELECT pg_advisory_xact_lock(hashtextextended('administrators', 0))")
        .execute(&mut *tx)
        .await
        .unwrap();
    async move {
        eventually("the request waits", SOON, async || {
            app.number(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            )
            .await
                > 0
        })
        .await;
        sqlx::raw_sql("DELETE FROM admin_grant")
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
}

#[sqlx::test]
async fn nothing_is_done_for_somebody_whose_right_ends_before_the_action(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |settings| {
        let webhook = [
            "https://receiver.example.com/hook",
            "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtMTIz",
        ];
        for (name, value) in ["DINGGATE_WEBHOOK_URL", "DINGGATE_WEBHOOK_SECRET"]
            .iter()
            .zip(webhook)
        {
            settings.insert((*name).to_owned(), value.to_owned());
        }
    })
    .await;
    app.wait_for_first_sync().await;
    let mut second = app.signed_in(EMPLOYEE).await;
    let _admin = app.admin().await;
    app.execute(
        "INSERT INTO event (dedupe_key, event_type, state) VALUES ('failed', 'org_admin_add', 'failed');
         INSERT INTO alert (kind, detail) VALUES ('misconfigured:topapi/v2/user/get', '60011')",
    )
    .await;
    let event = app
        .number("SELECT id FROM event WHERE dedupe_key = 'failed'")
        .await;
    let run = app.number("SELECT max(id) FROM sync_run").await;
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    let session: String = sqlx::query_scalar("SELECT id::text FROM web_session WHERE userid = $1")
        .bind(ADMIN)
        .fetch_one(&pool)
        .await
        .unwrap();
    let ids = [("ids", session.as_str()), ("confirmed", "yes")];
    for (path, fields) in [
        (format!("/admin/sessions/{session}/end"), &[][..]),
        ("/admin/sessions/bulk".to_owned(), &ids[..]),
        (format!("/admin/events/{event}/retry"), &[]),
        ("/admin/events/retry-failed".to_owned(), &[]),
        (
            "/admin/alerts/misconfigured:topapi%2Fv2%2Fuser%2Fget/dismiss".to_owned(),
            &[],
        ),
        ("/admin/webhooks/resend-failed".to_owned(), &[]),
        (format!("/admin/syncs/{run}/discard"), &[]),
        (format!("/admin/syncs/{run}/approve"), &[]),
        ("/admin/syncs".to_owned(), &[]),
        ("/admin/events/release-held".to_owned(), &[]),
        ("/admin/apps/1/delete".to_owned(), &[]),
    ] {
        grant(&app, &[EMPLOYEE]);
        second.csrf_token().await;
        let revoked = revoke_before_it_acts(&app).await;
        let (answer, ()) = tokio::join!(second.post(&path, fields), revoked);
        assert_eq!(answer.status, 403, "{path}: {}", answer.body);
    }
    let untouched = "SELECT (SELECT count(*) FROM web_session WHERE userid = 'manager4220')
        + (SELECT count(*) FROM event WHERE state = 'failed') + (SELECT count(*) FROM alert WHERE kind LIKE 'misconf%')";
    assert_eq!(app.number(untouched).await, 3);
}
