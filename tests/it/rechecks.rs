//! One row per person holds all rechecks: what is scheduled during one is not lost, and nothing is done twice.

use std::time::Duration;

use dinggate::domain::ids::UserId;
use dinggate::store::Conn;
use dinggate::store::recheck::{self, ClaimedRecheck, RecheckReason};
use dingtalk_sim::Fault;
use sqlx::PgPool;
use uuid::Uuid;

use crate::events::{SOON, employ};
use crate::support::{TestApp, eventually, number};

const WHO: &str = "zhangsan01";
const USER_GET: &str = "/topapi/v2/user/get";
const ROWS: &str = "SELECT count(*) FROM subject_recheck";
const TIMES: &str = "SELECT count(*) FROM subject_recheck, unnest(times)";
const IS_DUE: &str = "SELECT count(*) FROM subject_recheck WHERE due_at <= clock_timestamp()";
const DUE_IN_A_MINUTE: &str = "SELECT count(*) FROM subject_recheck WHERE due_at - now() BETWEEN interval '50 seconds' AND interval '1 minute'";
const MAKE_DUE: &str = "UPDATE subject_recheck SET due_at = now()";

/// An instance that works on rechecks by hand.
struct Instance {
    id: Uuid,
    conn: Conn,
    pool: PgPool,
}

impl Instance {
    async fn new(pool: &PgPool) -> Self {
        Self {
            id: Uuid::new_v4(),
            conn: Conn::single(pool.acquire().await.unwrap().detach()),
            pool: pool.clone(),
        }
    }

    async fn claim(&mut self) -> Option<ClaimedRecheck> {
        let claimed = recheck::claim_batch(&mut self.conn, self.id, true, 10).await;
        let mut claimed = claimed.unwrap();
        assert!(claimed.len() <= 1);
        claimed.pop()
    }

    /// Returns whether another recheck was scheduled meanwhile.
    async fn finish(&mut self, done: &ClaimedRecheck) -> bool {
        let finished = recheck::finish(&mut self.conn, self.id, done.claim, done.reason).await;
        finished.unwrap()
    }

    async fn is_standing(&mut self, claimed: &ClaimedRecheck) -> bool {
        let standing = recheck::is_standing(&mut self.conn, self.id, claimed.claim).await;
        standing.unwrap()
    }

    async fn leave(&mut self) {
        let scheduled = recheck::schedule_after_leave(&mut self.conn, &[who()]).await;
        scheduled.unwrap();
    }

    async fn join(&mut self) {
        let scheduled = recheck::schedule_after_join(&mut self.conn, &who()).await;
        scheduled.unwrap();
    }

    async fn login(&mut self) {
        let scheduled = recheck::schedule_after_login(&mut self.conn, &[who()]).await;
        scheduled.unwrap();
    }

    async fn run(&self, statement: &'static str) {
        sqlx::raw_sql(statement).execute(&self.pool).await.unwrap();
    }

    async fn assert_numbers<const N: usize>(&self, expected: [(&'static str, i64); N]) {
        for (statement, count) in expected {
            assert_eq!(number(&self.pool, statement).await, count, "{statement}");
        }
    }
}

fn who() -> UserId {
    UserId::parse(WHO).unwrap()
}

#[sqlx::test]
async fn a_recheck_advances_to_its_follow_up_and_then_ends(pool: PgPool) {
    let mut instance = Instance::new(&pool).await;
    instance.leave().await;
    instance.leave().await;
    instance
        .assert_numbers([(ROWS, 1), (TIMES, 2), (DUE_IN_A_MINUTE, 1)])
        .await;
    for left in [1, 0] {
        instance.run(MAKE_DUE).await;
        let due = instance.claim().await.unwrap();
        assert_eq!((due.reason, due.attempts), (RecheckReason::Leave, 1));
        assert!(!instance.finish(&due).await);
        instance
            .assert_numbers([(ROWS, left), (TIMES, left), (IS_DUE, 0)])
            .await;
    }
}

#[sqlx::test]
async fn what_is_scheduled_during_a_recheck_is_done_after_it(pool: PgPool) {
    let mut instance = Instance::new(&pool).await;
    instance.login().await;
    let running = instance.claim().await.unwrap();
    instance.login().await;
    assert!(instance.claim().await.is_none(), "one at a time");
    assert!(!instance.is_standing(&running).await);
    assert!(instance.finish(&running).await);
    let again = instance.claim().await.unwrap();
    assert_eq!(again.claim.generation, running.claim.generation + 1);
    assert!(!instance.finish(&again).await);
    instance.assert_numbers([(ROWS, 0)]).await;
}

#[sqlx::test]
async fn a_leaving_during_a_recheck_puts_its_own_in_its_place(pool: PgPool) {
    let mut instance = Instance::new(&pool).await;
    instance.join().await;
    instance.run(MAKE_DUE).await;
    let running = instance.claim().await.unwrap();
    assert_eq!(running.reason, RecheckReason::Join);
    assert!(instance.is_standing(&running).await);
    instance.leave().await;
    assert!(!instance.is_standing(&running).await);
    let failed = recheck::postpone(
        &mut instance.conn,
        instance.id,
        running.claim,
        Duration::from_secs(5),
        "no answer",
    );
    assert!(failed.await.unwrap());
    let untried = "SELECT count(*) FROM subject_recheck WHERE attempts = 0 AND last_error IS NULL AND reasons = '{leave,leave}'";
    instance
        .assert_numbers([(untried, 1), (DUE_IN_A_MINUTE, 1)])
        .await;
}

#[sqlx::test]
async fn each_reason_holds_at_its_own_times(pool: PgPool) {
    let mut instance = Instance::new(&pool).await;
    instance.leave().await;
    instance.login().await;
    // DingTalk may still list somebody who has just left: this one must not undo the leaving.
    let due = instance.claim().await.unwrap();
    assert_eq!(due.reason, RecheckReason::Login);
    assert!(!instance.finish(&due).await);
    instance
        .assert_numbers([(TIMES, 2), (DUE_IN_A_MINUTE, 1)])
        .await;
    // Of two join events, the second finds the looks of the first ahead.
    instance.join().await;
    instance.join().await;
    instance.assert_numbers([(ROWS, 1), (TIMES, 4)]).await;
    let withdrawn = recheck::withdraw_after_join(&mut instance.conn, &[WHO.to_owned()]).await;
    withdrawn.unwrap();
    instance
        .assert_numbers([(TIMES, 2), (DUE_IN_A_MINUTE, 1)])
        .await;
}

#[sqlx::test]
async fn a_recheck_of_an_instance_that_died_is_done_by_another_which_it_cannot_disturb(
    pool: PgPool,
) {
    let (mut first, mut second) = (Instance::new(&pool).await, Instance::new(&pool).await);
    first.leave().await;
    first.run(MAKE_DUE).await;
    let lost = first.claim().await.unwrap();
    assert!(second.claim().await.is_none(), "the first may be alive");
    first
        .run("UPDATE subject_recheck SET claimed_until = now() - interval '1 second'")
        .await;
    let taken = second.claim().await.unwrap();
    assert_eq!((taken.attempts, taken.is_retry), (2, false));
    assert!(!first.finish(&lost).await);
    second.assert_numbers([(TIMES, 2)]).await;
    assert!(!second.finish(&taken).await);
    second.assert_numbers([(TIMES, 1)]).await;
}

#[sqlx::test]
async fn a_recheck_after_a_leave_event_leaves_one_after_a_join_to_do(pool: PgPool) {
    let mut instance = Instance::new(&pool).await;
    instance.leave().await;
    instance.join().await;
    // As after an outage of ten minutes.
    instance
        .run("UPDATE subject_recheck SET due_at = now(), times = ARRAY(SELECT at - interval '1 hour' FROM unnest(times) AS at)")
        .await;
    let first = instance.claim().await.unwrap();
    assert_eq!(first.reason, RecheckReason::Leave);
    assert!(!instance.finish(&first).await);
    let second = instance.claim().await.unwrap();
    assert_eq!(second.reason, RecheckReason::Join);
    assert!(!instance.finish(&second).await);
    instance.assert_numbers([(ROWS, 0)]).await;
}

#[sqlx::test]
async fn a_join_that_is_told_again_does_not_disturb_its_recheck(pool: PgPool) {
    let mut instance = Instance::new(&pool).await;
    instance.join().await;
    instance.run(MAKE_DUE).await;
    let claimed = instance.claim().await.unwrap();
    instance.join().await;
    assert!(instance.is_standing(&claimed).await);
    instance.login().await;
    assert!(!instance.is_standing(&claimed).await);
}

const BEFORE_THE_MIGRATION: &str = "DROP TRIGGER recheck_carry_over ON recheck;
    DROP FUNCTION carry_over_rechecks();
    DROP FUNCTION schedule_recheck(text, text[], text, timestamptz[], boolean);
    DROP FUNCTION has_recheck(subject_recheck, text, timestamptz);
    DROP TABLE subject_recheck;
    CREATE TRIGGER recheck_notify_work AFTER INSERT ON recheck
        FOR EACH ROW WHEN (NEW.due_at <= clock_timestamp()) EXECUTE FUNCTION notify_work('rechecks');
    INSERT INTO recheck (userid, cause, due_at) VALUES
        ('zhangsan01', 'leave', now() + interval '55 seconds'), ('zhangsan01', 'leave', now() + interval '9 minutes'),
        ('lina08', 'join', now() + interval '1 minute'), ('lina08', 'login', now())";

#[sqlx::test]
async fn the_migration_moves_what_was_scheduled_before_it(pool: PgPool) {
    let instance = Instance::new(&pool).await;
    instance.run(BEFORE_THE_MIGRATION).await;
    for migration in [
        include_str!("../../migrations/20261130123001_create_subject_rechecks.sql"),
        include_str!("../../migrations/20261130123003_move_rechecks.sql"),
    ] {
        instance.run(migration).await;
    }
    let of_lina = "SELECT count(*) FROM subject_recheck WHERE subject = 'lina08' AND reasons = ARRAY['login', 'join']";
    instance
        .assert_numbers([
            ("SELECT count(*) FROM recheck", 0),
            (ROWS, 2),
            (TIMES, 4),
            (DUE_IN_A_MINUTE, 1),
            (of_lina, 1),
        ])
        .await;
}

#[sqlx::test]
async fn two_instances_schedule_for_the_same_people_at_once(pool: PgPool) {
    let people: Vec<UserId> = (0..40)
        .map(|n| UserId::parse(format!("person{n}")).unwrap())
        .collect();
    let reversed: Vec<UserId> = people.iter().rev().cloned().collect();
    let (mut first, mut second) = (Instance::new(&pool).await, Instance::new(&pool).await);
    for _ in 0..10 {
        let (a, b) = tokio::join!(
            recheck::schedule_after_leave(&mut first.conn, &people),
            recheck::schedule_after_leave(&mut second.conn, &reversed)
        );
        a.and(b).unwrap();
    }
    let often = "SELECT count(*) FROM subject_recheck WHERE generation = 20";
    first
        .assert_numbers([(ROWS, 40), (TIMES, 80), (often, 40)])
        .await;
}

#[sqlx::test]
async fn what_an_instance_of_the_version_before_schedules_is_carried_over(pool: PgPool) {
    let mut instance = Instance::new(&pool).await;
    instance.login().await;
    instance
        .run(
            "INSERT INTO recheck (userid, cause, due_at)
             SELECT id, 'leave', clock_timestamp() + make_interval(secs => delay)
             FROM unnest(ARRAY['zhangsan01', 'other']) AS id, unnest(ARRAY[60, 600]) AS delay",
        )
        .await;
    instance
        .assert_numbers([
            ("SELECT count(*) FROM recheck", 0),
            (ROWS, 2),
            (TIMES, 4),
            (DUE_IN_A_MINUTE, 2),
        ])
        .await;
    instance
        .run("INSERT INTO recheck (userid, cause, due_at) VALUES ('zhangsan01', 'login', now())")
        .await;
    assert_eq!(instance.claim().await.unwrap().reason, RecheckReason::Login);
}

#[sqlx::test]
async fn a_person_is_asked_about_again_after_a_login_during_a_recheck(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    employ(&app, WHO).await;
    app.sim
        .fault_times(USER_GET, Fault::Delay(Duration::from_secs(1)), 1);
    let calls = app.sim.calls_about(USER_GET, WHO);
    let mut instance = Instance::new(&pool).await;
    instance.login().await;
    eventually("the first recheck runs", SOON, async || {
        app.sim.calls_about(USER_GET, WHO) == calls + 1
    })
    .await;
    instance.login().await;
    eventually("no recheck is left", SOON, async || {
        app.number(ROWS).await == 0
    })
    .await;
    assert_eq!(app.sim.calls_about(USER_GET, WHO), calls + 2);
}
