//! The run that comes by itself: once for all instances and reasons, made up for, tried again.
//!
//! The moments are those of every day; the tests set back what the table remembers.

use std::future::pending;

use dinggate::service::sync_request;
use dinggate::store::due;
use dingtalk_sim::Fault;
use sqlx::PgPool;

use super::*;

const RUNS: &str = "SELECT count(*) FROM sync_run WHERE cause = 'schedule'";
const TRIES: &str = "SELECT attempts::bigint FROM sync_request";
/// How long until the next try, in minutes, rounded up; -1 where there is none.
const WAIT: &str = "SELECT coalesce(ceil(extract(epoch FROM retry_at - now()) / 60), -1)::bigint FROM sync_request";
const A_DAY_AGO: &str = "UPDATE sync_request SET scheduled_at = scheduled_at - interval '1 day'";
const NO_SCHEDULE: &str = "UPDATE sync_request SET scheduled_at = now()";
const NOW: &str = "UPDATE sync_request SET retry_at = now()";

impl Company {
    async fn look_at_the_clock(&self) -> bool {
        sync_request::run_if_due(&self.ctx, pending())
            .await
            .unwrap()
    }

    /// Instances that have run before, and then missed a moment. The import is older than that.
    async fn late(pool: &PgPool) -> Self {
        let company = Self::imported(pool).await;
        assert!(!company.look_at_the_clock().await);
        company.execute(A_DAY_AGO).await;
        company
            .execute("UPDATE sync_run SET started_at = started_at - interval '2 days'")
            .await;
        company
    }
}

#[sqlx::test]
async fn the_first_start_waits_for_the_next_moment(pool: PgPool) {
    let company = Company::new(&pool);
    for _ in 0..2 {
        assert!(!company.look_at_the_clock().await);
    }
    assert_eq!(company.number("SELECT count(*) FROM sync_run").await, 0);
    assert_eq!(
        company
            .number("SELECT count(*) FROM sync_request WHERE scheduled_at IS NOT NULL")
            .await,
        1
    );
}

#[sqlx::test]
async fn a_moment_that_passed_while_nobody_ran_is_made_up_for_once(pool: PgPool) {
    let company = Company::late(&pool).await;
    company
        .execute("UPDATE sync_request SET scheduled_at = scheduled_at - interval '9 days'")
        .await;
    assert!(company.look_at_the_clock().await);
    assert!(!company.look_at_the_clock().await);
    assert!(!company.another_process().look_at_the_clock().await);
    assert_eq!(company.number(RUNS).await, 1);
    let by_system = "SELECT count(*) FROM sync_run WHERE cause = 'schedule' AND started_by = 'system' AND state = 'done'";
    assert_eq!(company.number(by_system).await, 1);
}

#[sqlx::test]
async fn of_many_instances_one_takes_the_moment(pool: PgPool) {
    let company = Company::late(&pool).await;
    let (second, third) = (company.another_process(), company.another_process());
    let (a, b, c) = tokio::join!(
        company.look_at_the_clock(),
        second.look_at_the_clock(),
        third.look_at_the_clock()
    );
    assert_eq!(i32::from(a) + i32::from(b) + i32::from(c), 1);
    assert_eq!(
        (company.number(RUNS).await, company.number(TRIES).await),
        (1, 1)
    );
}

#[sqlx::test]
async fn a_complete_run_since_the_moment_is_enough_whoever_asked_for_it(pool: PgPool) {
    let company = Company::late(&pool).await;
    company.sim.fault(LIST_SUB, Fault::ErrCode(50_002));
    assert_ne!(company.sync().await.state, State::Done);
    company.sim.clear_faults();
    assert!(
        company.look_at_the_clock().await,
        "one that could not read everything is not"
    );
    company.execute(A_DAY_AGO).await;
    assert!(!company.look_at_the_clock().await);
    company
        .execute("DELETE FROM sync_run WHERE cause = 'schedule'")
        .await;
    assert!(company.look_at_the_clock().await);
    assert_eq!(company.number(RUNS).await, 1);
}

#[sqlx::test]
async fn a_run_that_fails_is_tried_again_three_times_and_then_at_the_next_moment(pool: PgPool) {
    let company = Company::late(&pool).await;
    company.sim.fault(LIST_SUB, Fault::ErrCode(50_002));
    for (tries, wait) in [(1, 10), (2, 30), (3, 60), (4, -1)] {
        assert!(company.look_at_the_clock().await, "{tries}");
        assert_eq!(
            (company.number(TRIES).await, company.number(WAIT).await),
            (tries, wait)
        );
        assert!(!company.look_at_the_clock().await, "not before its time");
        company
            .execute("UPDATE sync_request SET retry_at = now() WHERE retry_at IS NOT NULL")
            .await;
    }
    assert!(!company.look_at_the_clock().await);
    assert_eq!(company.number(RUNS).await, 4);
    company.execute(A_DAY_AGO).await;
    company.sim.clear_faults();
    assert!(company.look_at_the_clock().await);
    assert_eq!(
        (company.number(TRIES).await, company.number(WAIT).await),
        (1, -1)
    );
}

#[sqlx::test]
async fn a_run_of_somebody_else_is_waited_for_and_takes_no_try_away(pool: PgPool) {
    let company = Company::late(&pool).await;
    let other = company.another_process();
    company
        .sync_during(async |milestones| {
            milestones.root_is_read().await;
            // It began before the moment, so it may have read what was changed until then.
            company
                .execute("UPDATE sync_run SET started_at = started_at - interval '2 days' WHERE state = 'running'")
                .await;
            assert!(!other.look_at_the_clock().await);
        })
        .await;
    assert_eq!(
        (company.number(RUNS).await, company.number(TRIES).await),
        (0, 0)
    );
    assert!(other.look_at_the_clock().await);
    assert_eq!(
        (company.number(RUNS).await, company.number(TRIES).await),
        (1, 1)
    );
}

/// Begins a run of another instance as soon as an attempt is claimed.
const ANOTHER_IS_FASTER: &str = "CREATE FUNCTION begin_another() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         INSERT INTO sync_run (cause, started_by, state, instance, lease_until)
         VALUES ('command', 'somebody', 'running', gen_random_uuid(), clock_timestamp() + interval '10 seconds');
         RETURN NEW; END $$;
     CREATE TRIGGER another AFTER UPDATE OF taken_at ON sync_request
         FOR EACH ROW WHEN (OLD.taken_at IS NULL AND NEW.taken_at IS NOT NULL) EXECUTE FUNCTION begin_another()";

#[sqlx::test]
async fn a_run_that_begins_right_after_the_claim_takes_no_try_and_no_reason_away(pool: PgPool) {
    let company = Company::late(&pool).await;
    company.execute(ANOTHER_IS_FASTER).await;
    assert!(company.look_at_the_clock().await);
    assert_eq!(
        (company.number(RUNS).await, company.number(TRIES).await),
        (0, 0)
    );
    assert!(!company.look_at_the_clock().await, "it is still running");
    company
        .execute("DROP TRIGGER another ON sync_request; DELETE FROM sync_run WHERE started_by = 'somebody'")
        .await;
    assert!(company.look_at_the_clock().await);
    assert_eq!(
        (company.number(RUNS).await, company.number(TRIES).await),
        (1, 1)
    );
}

#[sqlx::test]
async fn an_instance_that_stops_leaves_the_moment_to_another(pool: PgPool) {
    let company = Company::late(&pool).await;
    let other = company.another_process();
    company
        .sim
        .fault(LIST_SUB, Fault::Delay(Duration::from_secs(5)));
    let stopped = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    assert!(
        sync_request::run_if_due(&company.ctx, stopped)
            .await
            .unwrap()
    );
    company.sim.clear_faults();
    assert_eq!(company.number(TRIES).await, 0);
    let soon = "SELECT count(*) FROM sync_request WHERE retry_at BETWEEN now() + interval '5 seconds' AND now() + interval '20 seconds'";
    assert_eq!(company.number(soon).await, 1);
    company
        .execute(
            "UPDATE sync_run SET lease_until = now() - interval '1 second' WHERE state = 'running'",
        )
        .await;
    company.execute(NOW).await;
    assert!(other.look_at_the_clock().await);
    assert_eq!(
        company
            .number("SELECT count(*) FROM sync_run WHERE cause = 'schedule' AND state = 'done'")
            .await,
        1
    );
}

impl Company {
    /// An instance takes the moment, begins its run, and is killed; the run's lease ends.
    async fn is_killed_in_a_run(&self) {
        let delay = Fault::Delay(Duration::from_secs(5));
        self.sim.fault(SCOPES, delay);
        let killed =
            tokio::time::timeout(Duration::from_millis(500), self.look_at_the_clock()).await;
        assert!(killed.is_err());
        self.sim.clear_faults();
        assert!(
            !self.another_process().look_at_the_clock().await,
            "it may be alive"
        );
        self.execute(
            "UPDATE sync_run SET lease_until = now() - interval '1 second' WHERE state = 'running'",
        )
        .await;
    }
}

#[sqlx::test]
async fn an_instance_that_is_killed_loses_no_moment_and_no_time(pool: PgPool) {
    let company = Company::late(&pool).await;
    company.is_killed_in_a_run().await;
    assert_eq!(
        (company.number(TRIES).await, company.number(WAIT).await),
        (1, 10)
    );
    let (second, third) = (company.another_process(), company.another_process());
    let (a, b) = tokio::join!(second.look_at_the_clock(), third.look_at_the_clock());
    assert_eq!(i32::from(a) + i32::from(b), 1);
    assert_eq!(
        (company.number(RUNS).await, company.number(TRIES).await),
        (2, 2)
    );
    assert_eq!(
        company
            .number("SELECT count(*) FROM sync_run WHERE cause = 'schedule' AND state = 'done'")
            .await,
        1
    );
}

#[sqlx::test]
async fn the_tries_of_instances_that_are_killed_are_counted(pool: PgPool) {
    let company = Company::late(&pool).await;
    for tries in 1..=4 {
        company.is_killed_in_a_run().await;
        // Whether or not anybody has noticed that it was interrupted.
        if tries % 2 == 0 {
            directory_sync::fail_interrupted(&company.ctx)
                .await
                .unwrap();
        }
        assert_eq!(company.number(TRIES).await, tries);
    }
    assert!(!company.another_process().look_at_the_clock().await);
    assert_eq!(company.number(RUNS).await, 4);
}

#[sqlx::test]
async fn a_run_that_failed_after_an_interrupted_one_waits_its_time(pool: PgPool) {
    let company = Company::late(&pool).await;
    company.is_killed_in_a_run().await;
    company.sim.fault(LIST_SUB, Fault::ErrCode(50_002));
    assert!(company.look_at_the_clock().await);
    assert!(!company.look_at_the_clock().await);
    assert_eq!(
        (company.number(TRIES).await, company.number(WAIT).await),
        (2, 30)
    );
}

const LOST_EVENTS: &str = "INSERT INTO alert (kind, detail) VALUES ('directory:lost_events', 'x')";
const CAUSES: &str = "SELECT coalesce(string_agg(cause, ',' ORDER BY id), '') FROM sync_run WHERE started_by = 'system'";

impl Company {
    /// The causes of the runs that came by themselves.
    async fn causes(&self) -> String {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test reads what the product wrote in its own way"
        )]
        let causes = sqlx::query_scalar(CAUSES).fetch_one(&self.pool).await;
        causes.unwrap()
    }
}

#[sqlx::test]
async fn one_run_makes_up_for_several_reasons(pool: PgPool) {
    let company = Company::late(&pool).await;
    company.execute(LOST_EVENTS).await;
    assert!(company.look_at_the_clock().await);
    assert!(!company.look_at_the_clock().await);
    assert_eq!(company.causes().await, "lost_events");
    assert_eq!(company.alert("directory:lost_events").await, None);
}

#[sqlx::test]
async fn an_empty_table_is_filled_by_one_run_whatever_else_is_a_reason(pool: PgPool) {
    let company = Company::new(&pool);
    for _ in 0..2 {
        sync_request::request_if_empty(&company.ctx).await.unwrap();
    }
    company.execute(LOST_EVENTS).await;
    let other = company.another_process();
    let (a, b) = tokio::join!(company.look_at_the_clock(), other.look_at_the_clock());
    assert_eq!(i32::from(a) + i32::from(b), 1);
    sync_request::request_if_empty(&company.ctx).await.unwrap();
    assert!(!company.look_at_the_clock().await);
    assert_eq!(company.causes().await, "empty");
}

#[sqlx::test]
async fn what_is_lost_during_a_run_is_made_up_for_by_another(pool: PgPool) {
    let company = Company::late(&pool).await;
    company
        .sim
        .fault(SCOPES, Fault::Delay(Duration::from_secs(1)));
    let (has_run, ()) = tokio::join!(company.look_at_the_clock(), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        company.execute(LOST_EVENTS).await;
    });
    assert!(has_run);
    company.sim.clear_faults();
    assert!(company.look_at_the_clock().await);
    assert!(!company.look_at_the_clock().await);
    assert_eq!(company.causes().await, "schedule,lost_events");
}

#[sqlx::test]
async fn what_is_lost_during_the_run_for_lost_events_is_made_up_for_later(pool: PgPool) {
    let company = Company::late(&pool).await;
    company.execute(NO_SCHEDULE).await;
    company.execute(LOST_EVENTS).await;
    company
        .sim
        .fault(SCOPES, Fault::Delay(Duration::from_secs(1)));
    let (has_run, ()) = tokio::join!(company.look_at_the_clock(), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        company
            .execute("UPDATE alert SET detail = 'once more', last_at = clock_timestamp()")
            .await;
    });
    assert!(has_run);
    company.sim.clear_faults();
    assert!(!company.look_at_the_clock().await, "not at once");
    assert_eq!(company.number(WAIT).await, 1);
    company.execute(NOW).await;
    assert!(company.look_at_the_clock().await);
    assert!(!company.look_at_the_clock().await);
    assert_eq!(company.causes().await, "lost_events,lost_events");
}

#[sqlx::test]
async fn a_retry_left_in_the_future_by_the_clock_is_due_now_whatever_its_reason(pool: PgPool) {
    let company = Company::late(&pool).await;
    company.execute(NO_SCHEDULE).await;
    company.execute(LOST_EVENTS).await;
    company.sim.fault(LIST_SUB, Fault::ErrCode(50_002));
    assert!(company.look_at_the_clock().await);
    assert_eq!(due::recall(&company.pool).await.unwrap(), 0);
    assert!(!company.look_at_the_clock().await);
    company
        .execute("UPDATE sync_request SET retry_at = retry_at + interval '1 hour'")
        .await;
    assert_eq!(due::recall(&company.pool).await.unwrap(), 1);
    assert!(company.look_at_the_clock().await);
}

#[sqlx::test]
async fn a_complete_run_of_the_version_before_settles_a_request_and_not_the_next_one(pool: PgPool) {
    let company = Company::late(&pool).await;
    company.execute(LOST_EVENTS).await;
    company
        .execute(
            "INSERT INTO sync_run (cause, started_by, state, finished_at, is_complete, instance, lease_until)
             VALUES ('command', 'x', 'done', clock_timestamp(), true, gen_random_uuid(), now())",
        )
        .await;
    assert!(!company.look_at_the_clock().await);
    // It is told once more.
    company
        .execute("UPDATE alert SET detail = 'y', last_at = now()")
        .await;
    assert!(company.look_at_the_clock().await);
    assert_eq!(company.causes().await, "lost_events");
}

#[sqlx::test]
async fn a_loss_that_is_told_again_does_not_hasten_the_next_try(pool: PgPool) {
    let company = Company::late(&pool).await;
    company.execute(LOST_EVENTS).await;
    company.sim.fault(LIST_SUB, Fault::ErrCode(50_002));
    assert!(company.look_at_the_clock().await);
    company.execute("UPDATE alert SET detail = 'y'").await;
    assert!(!company.look_at_the_clock().await);
    assert_eq!(
        (company.number(TRIES).await, company.number(WAIT).await),
        (1, 1)
    );
}
