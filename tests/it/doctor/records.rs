//! What the tables tell: stale events and syncs, alerts, administrators.

use sqlx::PgPool;

use super::{examine, surroundings, with};
use crate::support::Settings;

async fn run(pool: &PgPool, statement: &'static str) {
    sqlx::raw_sql(statement).execute(pool).await.unwrap();
}

#[sqlx::test]
async fn a_quiet_or_stuck_inbox_is_told(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    run(
        &pool,
        "INSERT INTO staff (userid, name) SELECT 'u' || n, 'n' FROM generate_series(1, 60) n;
         INSERT INTO event (dedupe_key, event_type, state, received_at) VALUES ('1', 'user_add_org', 'applied', now() - interval '8 days')",
    )
    .await;
    let report = examine(&settings);
    report
        .check("last_event")
        .is("warning", "8days ago, in a company of 60", "事件订阅");
    report
        .check("events")
        .is("ok", "0 waiting, 0 failed, 0 held", "");
    run(
        &pool,
        "INSERT INTO event (dedupe_key, event_type, state) VALUES ('2', 'user_add_org', 'failed');
         INSERT INTO event (dedupe_key, event_type, state, received_at) VALUES ('3', 'user_add_org', 'waiting', now() - interval '1 hour 10 seconds')",
    )
    .await;
    let report = examine(&settings);
    report.check("last_event").is("ok", "ago", "");
    report.check("events").is(
        "warning",
        "1 waiting, 1 failed, 0 held, one for 1h",
        "/admin/events?state=failed",
    );
    report.check("events").is("warning", "", "dinggate serve");
}

#[sqlx::test]
async fn each_way_in_which_the_last_sync_is_not_right_is_told(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    examine(&settings)
        .check("last_sync")
        .is("warning", "no full sync has run", "dinggate sync");
    for (insert, status, detail, action) in [
        (
            "VALUES ('command', 'x', 'done', now() - interval '49 hours', now() - interval '49 hours', gen_random_uuid(), now(), 0, NULL)",
            "warning",
            "2days 1h ago",
            "every night",
        ),
        (
            "VALUES ('command', 'x', 'done', now(), now(), gen_random_uuid(), now(), 0, NULL)",
            "ok",
            "done",
            "",
        ),
        (
            "VALUES ('command', 'x', 'failed', now(), now(), gen_random_uuid(), now(), 0, 'DingTalk refuses with 50004')",
            "warning",
            "DingTalk refuses with 50004); the last one done is",
            "dinggate sync",
        ),
        (
            "VALUES ('command', 'x', 'partial', now(), now(), gen_random_uuid(), now(), 0, 'department 7')",
            "warning",
            "marked nobody as left: department 7",
            "dinggate sync",
        ),
        (
            "VALUES ('command', 'x', 'stopped', now(), now(), gen_random_uuid(), now(), 12, NULL)",
            "warning",
            "12 people",
            "/admin/syncs",
        ),
        (
            "VALUES ('command', 'x', 'running', now() - interval '1 hour', NULL, gen_random_uuid(), now() - interval '1 hour', 0, NULL)",
            "warning",
            "interrupted",
            "dinggate sync",
        ),
    ] {
        let insert = format!(
            "INSERT INTO sync_run (cause, started_by, state, started_at, finished_at, instance, lease_until, withheld, error) {insert}"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(insert))
            .execute(&pool)
            .await
            .unwrap();
        examine(&settings)
            .check("last_sync")
            .is(status, detail, action);
    }
    // One that is under way is not over: the one before counts.
    run(
        &pool,
        "DELETE FROM sync_run WHERE state <> 'done';
         INSERT INTO sync_run (cause, started_by, state, instance, lease_until) VALUES ('command', 'x', 'running', gen_random_uuid(), now() + interval '1 minute')",
    )
    .await;
    examine(&settings).check("last_sync").is("ok", "done", "");
}

#[sqlx::test]
async fn open_alerts_are_told_with_what_to_do(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    run(
        &pool,
        "INSERT INTO alert (kind, detail, times) VALUES ('misconfigured:topapi/v2/user/get', '60011', 3), ('unknown_people_brake', '17', 1), ('webhook:failed', 'timeout', 1);
         INSERT INTO alert (kind, detail, first_at, last_at) VALUES ('unionid_conflict', '1', now() - interval '3 days', now() - interval '2 days')",
    )
    .await;
    let report = examine(&settings);
    let alerts = report.all("alerts");
    assert_eq!(alerts.len(), 3, "{alerts:?}");
    let about = |word: &str| {
        *alerts
            .iter()
            .find(|alert| alert.detail.contains(word))
            .unwrap()
    };
    about("topapi/v2/user/get").is("warning", "60011, 3 times", "qyapi_get_member");
    about("17 of the staff").is("warning", "", "contact_scope");
    about("webhook:failed").is("warning", "timeout", "administration pages");
}

#[sqlx::test]
async fn an_installation_without_an_administrator_who_works_there_is_a_failure(pool: PgPool) {
    let (_sim, mut settings) = surroundings(&pool);
    settings.remove("DINGGATE_ADMINS");
    let check = |settings: &Settings| examine(settings).check("administrators").clone();
    check(&settings).is("failure", "there are none", "dinggate admin grant <userid>");
    run(
        &pool,
        "INSERT INTO staff (userid, unionid, name) VALUES ('here', 'u-here', '李雷');
         INSERT INTO staff (userid, name, status, left_at, left_cause) VALUES ('gone', '韩梅梅', 'left', now(), 'event')",
    )
    .await;
    check(&with(&settings, &[("DINGGATE_ADMINS", "gone,typo")])).is(
        "failure",
        "1 have left, 1 are not in the staff table",
        "DINGGATE_ADMINS",
    );
    let listed = with(&settings, &[("DINGGATE_ADMINS", "gone,here")]);
    check(&listed).is("warning", "here: not bound yet", "dinggate serve");
    run(
        &pool,
        "INSERT INTO admin_binding (userid, unionid) VALUES ('here', 'u-here')",
    )
    .await;
    check(&listed).is("warning", "1 who work here", "dinggate admin grant");
    let only = with(&settings, &[("DINGGATE_ADMINS", "here")]);
    check(&only).is("ok", "here: bound to unionid u-here", "");
    let contradicted = with(&settings, &[("DINGGATE_ADMINS", "here=u-other")]);
    check(&contradicted).is(
        "failure",
        "another unionid than the setting names",
        "--rebind",
    );
    run(
        &pool,
        "INSERT INTO admin_grant (userid, unionid, granted_by) VALUES ('here', 'u-here', 'test')",
    )
    .await;
    check(&settings).is("ok", "1 who work here", "");
}

#[sqlx::test]
async fn a_proxy_that_is_not_trusted_is_noticed(pool: PgPool) {
    let app = crate::support::TestApp::spawn(&pool).await;
    let mut browser = app.browser();
    browser.get("/login").await;
    assert_eq!(
        app.number("SELECT count(*) FROM untrusted_forwarder").await,
        0
    );
    let check = |settings: &Settings| examine(settings).check("forwarded_headers").clone();
    check(&app.settings).is("ok", "no untrusted peer", "");
    browser
        .headers
        .push(("x-forwarded-for", "203.0.113.9".to_owned()));
    browser.get("/login").await;
    let noted = "SELECT count(*) FROM untrusted_forwarder WHERE peer = '127.0.0.1'";
    crate::support::eventually(
        "it is noted",
        std::time::Duration::from_secs(5),
        async || app.number(noted).await == 1,
    )
    .await;
    check(&app.settings).is(
        "warning",
        "x-forwarded-for from 127.0.0.1",
        "DINGGATE_TRUSTED_PROXIES",
    );
    let trusting = with(&app.settings, &[("DINGGATE_TRUSTED_PROXIES", "127.0.0.1")]);
    check(&trusting).is("ok", "", "");
}
