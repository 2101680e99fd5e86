//! Postgres's clock steps back: times that lie further ahead than anything puts them hold nothing up.
//! The tests move stored times forward, which is how a step leaves them.

use std::time::Duration;

use dingtalk_sim::{PersonChange, company};
use sqlx::PgPool;

use super::process::run_to_the_end;
use super::{Scene, event};
use crate::support::eventually;

/// Work goes on within this.
const SECONDS: Duration = Duration::from_secs(8);
/// A claim of an instance that is no longer there.
const CLAIM: &str = "'5b3c8a52-4c0f-4a51-9d8c-6f8f5d1c2a11', now() + interval '1 hour'";

impl Scene {
    /// Messages go to an address where nobody listens: that they were tried is enough.
    pub(super) fn hand_on(&mut self) {
        let port = crate::support::free_port();
        let settings = [
            ("DINGGATE_WEBHOOK_URL", format!("http://127.0.0.1:{port}/")),
            (
                "DINGGATE_WEBHOOK_SECRET",
                format!("whsec_{}", "a".repeat(40)),
            ),
            ("DINGGATE_WEBHOOK_EVENTS", "org_admin_add".to_owned()),
        ];
        for (name, value) in settings {
            self.settings.insert(name.to_owned(), value);
        }
    }

    async fn holds(&self, condition: &str) {
        eventually(condition, SECONDS, async || {
            self.number(&format!(
                "SELECT coalesce(({condition}), false)::int::bigint"
            ))
            .await
                == 1
        })
        .await;
    }

    /// A waiting event about a person, with a message without a body that hands it on, and one that has a body.
    async fn store_work(&self, userid: &str) {
        self.execute(&format!(
            "INSERT INTO event (dedupe_key, event_type, event_time, userids, body, state) VALUES
                 ('id:work', 'user_modify_org', now() - interval '1 hour', ARRAY['{userid}'], '{{\"EventType\": \"user_modify_org\", \"UserId\": [\"{userid}\"]}}', 'waiting'),
                 ('id:told', 'org_admin_add', now() - interval '1 hour', '{{}}', '{{\"EventType\": \"org_admin_add\"}}', 'applied');
             INSERT INTO subject_recheck (subject, due_at, reasons, times) VALUES ('{userid}', now(), '{{login}}', ARRAY[now()]);
             INSERT INTO webhook_delivery (message_type, event_id) SELECT 'org_admin_add', id FROM event WHERE dedupe_key = 'id:told';
             INSERT INTO webhook_delivery (message_type, userid, body) VALUES ('staff.changed', '{userid}', '{{}}')"
        ))
        .await;
    }

    async fn assert_work_is_done(&self) {
        self.holds("SELECT state = 'applied' FROM event WHERE dedupe_key = 'id:work'")
            .await;
        self.holds("SELECT count(*) = 0 FROM subject_recheck WHERE 'login' = ANY (reasons)")
            .await;
        self.holds("SELECT body IS NOT NULL FROM webhook_delivery WHERE event_id IS NOT NULL")
            .await;
        self.holds(
            "SELECT last_error IS NOT NULL FROM webhook_delivery WHERE message_type = 'staff.changed' AND body = '{}'",
        )
        .await;
    }
}

#[sqlx::test]
async fn leases_from_the_future_are_free(pool: PgPool) {
    let mut scene = Scene::new(&pool).await;
    scene.hand_on();
    let person = scene.people(1).remove(0);
    scene.employ(&scene.people(1)).await;
    // Leaves the row of the access token.
    run_to_the_end(&scene.settings, &["sync", "--dry-run"]).await;
    scene.store_work(&person.userid).await;
    for statement in [
        "UPDATE event SET (claimed_by, claimed_until) = ROW(CLAIM) WHERE state = 'waiting'",
        "UPDATE subject_recheck SET (claimed_by, claimed_until) = ROW(CLAIM)",
        "UPDATE webhook_delivery SET (claimed_by, claimed_until) = ROW(CLAIM)",
        "UPDATE access_token SET sealed = NULL, (claimed_by, claimed_until) = ROW(CLAIM)",
        "INSERT INTO review_job (action, created_by, claimed_by, claimed_until) VALUES ('reopen', 'nobody', CLAIM)",
        "INSERT INTO review_job_item (job_id, position, case_id, nick) SELECT id, 1, 1, 'x' FROM review_job",
        "UPDATE failed_callback_fetch SET held_by = 'x', held_since = now(), (holder, lease_until) = ROW(CLAIM)",
        "INSERT INTO sync_run (cause, started_by, state, instance, lease_until) VALUES ('command', 'x', 'running', CLAIM)",
    ] {
        scene.execute(&statement.replace("CLAIM", CLAIM)).await;
    }
    let process = scene.serve().await;
    scene.assert_work_is_done().await;
    scene
        .holds("SELECT finished_at IS NOT NULL FROM review_job")
        .await;
    scene
        .holds("SELECT read_at > now() - interval '1 minute' FROM failed_callback_fetch")
        .await;
    scene
        .holds("SELECT error_code = 'interrupted' FROM sync_run WHERE started_by = 'x'")
        .await;
    run_to_the_end(&scene.settings, &["sync"]).await;
    drop(process);
}

#[sqlx::test]
async fn what_is_due_too_far_ahead_is_due_now(pool: PgPool) {
    let mut scene = Scene::new(&pool).await;
    scene.hand_on();
    let person = scene.people(1).remove(0);
    scene.employ(&scene.people(1)).await;
    let _process = scene.serve().await;
    scene
        .holds("SELECT read_at > '-infinity' FROM failed_callback_fetch")
        .await;
    scene
        .holds("SELECT scheduled_at IS NOT NULL FROM sync_request")
        .await;
    scene
        .execute("UPDATE failed_callback_fetch SET read_at = read_at + interval '1 hour', due_at = now() + interval '70 minutes'")
        .await;
    // Stored and put ahead in one transaction, before anybody can take it.
    scene
        .execute("CREATE FUNCTION ahead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.next_attempt_at := now() + interval '1 hour'; RETURN NEW; END $$;
            CREATE TRIGGER ahead BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION ahead();
            CREATE TRIGGER ahead BEFORE INSERT ON webhook_delivery FOR EACH ROW EXECUTE FUNCTION ahead();
            CREATE FUNCTION look_ahead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.due_at := now() + interval '1 hour'; NEW.times := array_fill(NEW.due_at, ARRAY[cardinality(NEW.times)]); RETURN NEW; END $$;
            CREATE TRIGGER ahead BEFORE INSERT ON subject_recheck FOR EACH ROW EXECUTE FUNCTION look_ahead();
            INSERT INTO alert (kind, detail, first_at, last_at) VALUES ('misconfigured:x', 'x', now() + interval '1 hour', now() + interval '1 hour');
            INSERT INTO subject_recheck (subject, due_at, reasons, times) VALUES ('former-0', now(), '{leave}', ARRAY[now()])")
        .await;
    scene.store_work(&person.userid).await;
    scene.assert_work_is_done().await;
    scene
        .holds("SELECT read_at < now() FROM failed_callback_fetch")
        .await;
    scene
        .holds("SELECT first_at <= now() AND last_at <= now() FROM alert WHERE kind = 'misconfigured:x'")
        .await;
    // Never at once after a leaving: DingTalk's answer may lag.
    scene
        .holds("SELECT due_at BETWEEN now() + interval '40 seconds' AND now() + interval '1 minute' FROM subject_recheck WHERE 'leave' = ANY (reasons)")
        .await;
}

#[sqlx::test]
async fn scheduled_syncs_go_on_after_a_moment_or_a_wait_in_the_future(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    let _process = scene.serve().await;
    let runs = "(SELECT count(*) FROM sync_run WHERE cause = 'schedule' AND state <> 'running')";
    scene
        .holds("SELECT scheduled_at IS NOT NULL FROM sync_request")
        .await;
    scene
        .execute("UPDATE sync_request SET reasons = '{schedule}', requested_at = now(), attempts = 1, retry_at = now() + interval '3 hours'")
        .await;
    scene.holds(&format!("{runs} = 1")).await;
    // As if the moment was taken, and its run made, while the clock was a year ahead.
    scene
        .execute(
            "UPDATE sync_run SET started_at = now() + interval '1 year', finished_at = now() + interval '1 year';
             UPDATE sync_request SET scheduled_at = now() + interval '1 year', attempts = 1, retry_at = NULL",
        )
        .await;
    scene.holds(&format!("{runs} = 2")).await;
}

#[sqlx::test]
async fn no_session_or_login_outlives_its_term_because_of_a_step(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    let person = scene.people(1).remove(0);
    scene.employ(&scene.people(1)).await;
    let process = scene.serve().await;
    let mut browser = scene.signed_in(&process, &person).await;
    let step = |by: &str| {
        format!(
            "UPDATE web_session SET created_at = created_at + interval '{by}', last_seen_at = last_seen_at + interval '{by}',
                 idle_expires_at = idle_expires_at + interval '{by}', expires_at = expires_at + interval '{by}';
             UPDATE login_state SET created_at = created_at + interval '{by}', expires_at = expires_at + interval '{by}'"
        )
    };
    // A step of some minutes ends nobody's session, whose life moves with the clock.
    let (state, code) = (
        browser.begin("/").await,
        scene.sim.sns_code(&person.unionid),
    );
    scene.execute(&step("2 minutes")).await;
    assert!(browser.is_in().await);
    scene
        .holds("SELECT created_at <= now() AND last_seen_at <= now() AND idle_expires_at <= now() + interval '8 hours' AND expires_at <= now() + interval '7 days' FROM web_session")
        .await;
    assert_eq!(browser.come_back(&state, &code).await.status, 303);
    // One of an hour would let it live an hour longer than it may.
    let (state, code) = (
        browser.begin("/").await,
        scene.sim.sns_code(&person.unionid),
    );
    scene.execute(&step("1 hour")).await;
    assert!(!browser.is_in().await);
    assert_eq!(browser.come_back(&state, &code).await.status, 400);
}

#[sqlx::test]
async fn what_dingtalk_says_is_newer_than_an_answer_from_the_future(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    let (person, leaver) = (scene.people(1).remove(0), company::TWO_DEPARTMENTS);
    scene.employ(&scene.people(1)).await;
    let process = scene.serve().await;
    let dept = person.memberships[0].dept_id;
    scene
        .execute(&format!(
            "UPDATE staff SET observed_at = now() + interval '1 hour', created_at = now() + interval '1 hour';
             INSERT INTO staff (userid, name, status, left_at, left_cause, observed_at)
                 VALUES ('{leaver}', 'x', 'left', now() + interval '1 hour', 'event', now() + interval '1 hour');
             INSERT INTO department (dept_id, name, observed_at) VALUES ({dept}, 'old', now() + interval '1 hour')"
        ))
        .await;
    let change = PersonChange {
        title: Some("Chief of clocks".to_owned()),
        ..PersonChange::default()
    };
    scene.sim.change_quietly(&person.userid, change).unwrap();
    for (id, event_type, userid) in [
        ("changed", "user_modify_org", person.userid.as_str()),
        ("back", "user_add_org", leaver),
    ] {
        scene
            .deliver(&process, &event(id, event_type, userid))
            .await;
    }
    let renamed =
        serde_json::json!({"eventId": "dept", "EventType": "org_dept_modify", "DeptId": [dept]});
    scene.deliver(&process, &renamed).await;
    scene
        .holds(&format!(
            "SELECT title = 'Chief of clocks' AND observed_at <= now() FROM staff WHERE userid = '{}'",
            person.userid
        ))
        .await;
    scene
        .holds(&format!(
            "SELECT status = 'employed' FROM staff WHERE userid = '{leaver}'"
        ))
        .await;
    scene
        .holds(&format!(
            "SELECT name <> 'old' FROM department WHERE dept_id = {dept}"
        ))
        .await;
}
