//! How long data is kept: each setting on its own, as the cleanup of a running service applies it.

use std::time::Duration;

use sqlx::PgPool;

use crate::support::{TestApp, eventually};

/// Of each kind one row that is three days old, and one that is a day old.
const SEED: &str = r"
INSERT INTO event (dedupe_key, event_type, state, body, received_at) SELECT 'id:age-' || n, 'org_change', 'applied', '{}', now() - n * interval '1 day' FROM unnest(ARRAY[1, 3]) n;
INSERT INTO event (dedupe_key, event_type, state, received_at) VALUES
    ('id:ancient', 'org_change', 'applied', now() - interval '401 days'), ('id:almost', 'org_change', 'applied', now() - interval '399 days');
INSERT INTO unmatched_login (unionid, nick, reason, last_request_id, state, last_seen_at) SELECT 'age-' || n, 'x', 'left', 'R', 'closed', now() - n * interval '1 day' FROM unnest(ARRAY[1, 3]) n;
INSERT INTO review_job (action, reason, created_by, finished_at) SELECT 'reject', 'x', 'x', now() - n * interval '1 day' FROM unnest(ARRAY[1, 3]) n;
INSERT INTO webhook_delivery (message_type, userid, subject, state, created_at) SELECT 'staff.left', 'x', 'x', 'failed', now() - n * interval '1 day' FROM unnest(ARRAY[1, 3]) n;
INSERT INTO sync_run (cause, started_by, state, started_at, finished_at, instance, lease_until) SELECT 'command', 'x', 'done', now() - n * interval '1 day', now(), gen_random_uuid(), now() FROM unnest(ARRAY[1, 3]) n;
INSERT INTO sync_change (run_id, position, kind, userid, differences) SELECT id, 1, 'left', 'x', '[]' FROM sync_run";

/// What the cleanup leaves of the seed: bodies, cases, jobs, messages and plans.
const KEPT: [(&str, &str); 4] = [
    (
        "DINGGATE_RETENTION_EVENTS",
        "SELECT count(*) FROM event WHERE dedupe_key LIKE 'id:age-%' AND body IS NOT NULL",
    ),
    (
        "DINGGATE_RETENTION_REVIEWS",
        "SELECT ((SELECT count(*) FROM unmatched_login WHERE unionid LIKE 'age-%') + (SELECT count(*) FROM review_job)) / 2",
    ),
    (
        "DINGGATE_RETENTION_WEBHOOKS",
        "SELECT count(*) FROM webhook_delivery WHERE subject = 'x'",
    ),
    (
        "DINGGATE_RETENTION_SYNCS",
        "SELECT count(DISTINCT c.run_id) FROM sync_change c JOIN sync_run r ON r.id = c.run_id WHERE r.started_by = 'x'",
    ),
];

async fn only_what_it_names_goes(pool: &PgPool, which: usize) {
    sqlx::raw_sql(SEED).execute(pool).await.unwrap();
    let app = TestApp::spawn_empty(pool, |settings| {
        settings.insert(KEPT[which].0.to_owned(), "2d".to_owned());
    })
    .await;
    let kept = async |statement: &'static str| app.number(statement).await;
    eventually(
        "the older row has gone",
        Duration::from_secs(20),
        async || {
            kept(KEPT[which].1).await == 1
                && kept("SELECT count(*) FROM event WHERE dedupe_key = 'id:ancient'").await == 0
        },
    )
    .await;
    for (name, statement) in KEPT {
        let rows = if name == KEPT[which].0 { 1 } else { 2 };
        assert_eq!(kept(statement).await, rows, "{name}");
    }
    let keys =
        "SELECT count(*) FROM event WHERE dedupe_key LIKE 'id:age-%' OR dedupe_key = 'id:almost'";
    assert_eq!(
        kept(keys).await,
        3,
        "the keys of repeats are kept for 400 days"
    );
}

#[sqlx::test]
async fn bodies_of_events_go_after_their_setting(pool: PgPool) {
    only_what_it_names_goes(&pool, 0).await;
}

#[sqlx::test]
async fn cases_and_bulk_decisions_go_after_their_setting(pool: PgPool) {
    only_what_it_names_goes(&pool, 1).await;
}

#[sqlx::test]
async fn webhook_messages_go_after_their_setting(pool: PgPool) {
    only_what_it_names_goes(&pool, 2).await;
}

#[sqlx::test]
async fn plans_of_syncs_go_after_their_setting(pool: PgPool) {
    only_what_it_names_goes(&pool, 3).await;
}
