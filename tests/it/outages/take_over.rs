//! Whatever an instance had claimed when it died is done by another one within ten seconds.

use std::time::{Duration, Instant};

use dingtalk_sim::Fault;
use sqlx::PgPool;

use super::{SOON, Scene};
use crate::support::eventually;

const TAKE_OVER: Duration = Duration::from_secs(10);
const USER_LIST: &str = "/topapi/v2/user/list";
/// The claim of an instance that has just renewed it, and died.
const CLAIM: &str = "'5b3c8a52-4c0f-4a51-9d8c-6f8f5d1c2a11', lease_end()";

impl Scene {
    async fn claim(&self, statements: &[&str]) -> Instant {
        let all: Vec<String> = statements
            .iter()
            .map(|statement| statement.replace("CLAIM", CLAIM))
            .collect();
        self.execute(&all.join(";\n")).await;
        Instant::now()
    }

    /// Waits until all of the conditions hold, until ten seconds after the claim.
    async fn taken_over(&self, claimed: Instant, conditions: &[&str]) {
        for condition in conditions {
            let left = TAKE_OVER.saturating_sub(claimed.elapsed());
            eventually(condition, left, async || {
                self.number(&format!(
                    "SELECT coalesce(({condition}), false)::int::bigint"
                ))
                .await
                    == 1
            })
            .await;
        }
    }
}

#[sqlx::test]
async fn claimed_rows_of_every_kind_are_taken_over(pool: PgPool) {
    let mut scene = Scene::new(&pool).await;
    scene.hand_on();
    let person = scene.people(1).remove(0);
    scene.employ(&scene.people(1)).await;
    let _process = scene.serve().await;
    let settled = "SELECT (SELECT read_at > '-infinity' FROM failed_callback_fetch) AND (SELECT scheduled_at IS NOT NULL FROM sync_request)";
    scene.taken_over(Instant::now(), &[settled]).await;
    let work = format!(
        "INSERT INTO event (dedupe_key, event_type, event_time, userids, body, state, claimed_by, claimed_until)
             VALUES ('id:work', 'user_modify_org', now(), ARRAY['{userid}'], '{{\"EventType\": \"user_modify_org\", \"UserId\": [\"{userid}\"]}}', 'waiting', CLAIM);
         INSERT INTO event (dedupe_key, event_type, body, state) VALUES ('id:told', 'org_admin_add', '{{\"EventType\": \"org_admin_add\"}}', 'applied');
         INSERT INTO subject_recheck (subject, due_at, reasons, times, claimed_by, claimed_until) VALUES ('{userid}', now(), '{{login}}', ARRAY[now()], CLAIM);
         INSERT INTO webhook_delivery (message_type, event_id, claimed_by, claimed_until)
             SELECT 'org_admin_add', id, CLAIM FROM event WHERE dedupe_key = 'id:told';
         INSERT INTO webhook_delivery (message_type, userid, body, claimed_by, claimed_until) VALUES ('staff.changed', '{userid}', '{{}}', CLAIM)",
        userid = person.userid
    );
    let claimed = scene
        .claim(&[
            &work,
            "INSERT INTO review_job (action, created_by, claimed_by, claimed_until) VALUES ('reopen', 'nobody', CLAIM)",
            "INSERT INTO review_job_item (job_id, position, case_id, nick) SELECT id, 1, 1, 'x' FROM review_job",
            "UPDATE failed_callback_fetch SET due_at = now(), held_by = 'x', held_since = now(), call_started_at = now(), (holder, lease_until) = ROW(CLAIM)",
            "INSERT INTO sync_run (cause, started_by, state, instance, lease_until) VALUES ('schedule', 'system', 'running', CLAIM)",
            "UPDATE sync_request SET reasons = '{schedule}', requested_at = now(), attempts = 1, taken_at = now(), retry_at = now() + interval '10 minutes', retry_delay = interval '10 minutes'",
        ])
        .await;
    scene
        .taken_over(
            claimed,
            &[
                "SELECT state = 'applied' FROM event WHERE dedupe_key = 'id:work'",
                "SELECT count(*) = 0 FROM subject_recheck",
                "SELECT body IS NOT NULL FROM webhook_delivery WHERE event_id IS NOT NULL",
                "SELECT last_error IS NOT NULL FROM webhook_delivery WHERE message_type = 'staff.changed' AND body = '{}'",
                "SELECT finished_at IS NOT NULL FROM review_job",
                "SELECT call_started_at IS NULL AND held_by <> 'x' FROM failed_callback_fetch",
                "SELECT count(*) = 1 FROM alert WHERE kind = 'directory:lost_events'",
                "SELECT count(*) > 1 FROM sync_run",
            ],
        )
        .await;
}

#[sqlx::test]
async fn a_sync_for_lost_events_that_was_cut_off_begins_anew(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    let _process = scene.serve().await;
    let claimed = scene
        .claim(&[
            "INSERT INTO alert (kind, detail) VALUES ('directory:lost_events', 'no answer')",
            "INSERT INTO sync_run (cause, started_by, state, instance, lease_until) VALUES ('lost_events', 'system', 'running', CLAIM)",
        ])
        .await;
    scene
        .taken_over(
            claimed,
            &["SELECT count(*) = 2 FROM sync_run WHERE cause = 'lost_events'"],
        )
        .await;
}

#[sqlx::test]
async fn the_first_sync_of_a_killed_instance_begins_anew_on_the_other(pool: PgPool) {
    let scene = Scene::without_staff(&pool);
    scene.sim.fault(USER_LIST, Fault::Hang);
    let mut doomed = scene.serve().await;
    let runs = "SELECT count(*) FROM sync_run WHERE cause = 'empty'";
    scene.wait_for_number(runs, 1, SOON).await;
    let _other = scene.serve_another().await;
    // The other one finds the place taken.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    doomed.kill();
    let killed = Instant::now();
    scene.sim.clear_faults();
    eventually("the other begins it anew", TAKE_OVER, async || {
        scene.number(runs).await == 2
    })
    .await;
    assert!(killed.elapsed() < TAKE_OVER, "{:?}", killed.elapsed());
}
