//! A plan that takes long to be carried out: what others do meanwhile, and what becomes of it when its
//! process dies.

use dinggate::domain::sync::SyncState;
use std::time::{Duration, Instant};

use dingtalk_sim::{NewPerson, PersonChange, company};
use sqlx::PgPool;

use super::*;

/// Has the database take its time whenever a sync adds somebody.
pub const SLOW_ADDS: &str = "
    CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3); RETURN NEW; END $$;
    CREATE TRIGGER slow AFTER INSERT ON audit_entry FOR EACH ROW WHEN (NEW.action = 'staff.added') EXECUTE FUNCTION take_time()";

async fn is_applying(company: &Company) {
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while company.number(sleeping).await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[sqlx::test]
async fn leavings_are_stored_at_once_while_a_long_plan_is_carried_out(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.sim.set_callback_url(None);
    let newcomer = NewPerson {
        userid: Some("newcomer".to_owned()),
        ..NewPerson::named("新同事")
    };
    company.sim.hire_quietly(newcomer).unwrap();
    let titled = PersonChange {
        title: Some("经理".to_owned()),
        ..PersonChange::default()
    };
    company
        .sim
        .change_quietly(company::TWO_DEPARTMENTS, titled)
        .unwrap();
    company.execute(SLOW_ADDS).await;
    let (summary, ()) = tokio::join!(company.sync(), async {
        is_applying(&company).await;
        // Somebody else, somebody whose row the plan will change, and the very person it has added.
        for userid in [company::EMPLOYEE, company::TWO_DEPARTMENTS, "newcomer"] {
            let begun = Instant::now();
            company.receive("user_leave_org", userid).await;
            assert!(
                begun.elapsed() < Duration::from_millis(700),
                "{userid}: {:?}",
                begun.elapsed()
            );
        }
        assert!(!company.is_employed(company::EMPLOYEE).await);
        is_applying(&company).await;
    });
    assert_eq!(
        (summary.state, summary.counts.added, summary.counts.changed),
        (State::Done, 1, 0)
    );
    for userid in [company::EMPLOYEE, company::TWO_DEPARTMENTS, "newcomer"] {
        assert_eq!(
            company.status(userid).await.as_deref(),
            Some("left"),
            "{userid}"
        );
    }
    assert_eq!(
        company.number("SELECT count(*) FROM unknown_leaver").await,
        0
    );
    let lines = "SELECT count(*) FROM audit_entry WHERE userid = 'newcomer' AND action IN ('staff.added', 'staff.left')";
    assert_eq!(company.number(lines).await, 2);
}

#[sqlx::test]
async fn a_run_that_is_cut_off_while_it_writes_has_done_nothing(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.sim.set_callback_url(None);
    company
        .sim
        .hire_quietly(NewPerson::named("新同事"))
        .unwrap();
    company.sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    company.execute(SLOW_ADDS).await;
    let before = company.fingerprint().await;
    let id = directory_sync::start(&company.ctx, request())
        .await
        .unwrap();
    is_applying(&company).await;
    let begun = Instant::now();
    directory_sync::stop(&company.ctx).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "it ends at once");
    let run = company.run_row(id).await;
    assert_eq!(run.state, SyncState::Failed);
    assert_eq!(run.error_code, Some(SyncProblemCode::ProcessStopped));
    assert_eq!(company.fingerprint().await, before);
    company.execute("DROP TRIGGER slow ON audit_entry").await;
    assert_eq!(
        numbers(&company.another_process().sync().await),
        [1, 0, 0, 1, 0]
    );
}

#[sqlx::test]
async fn a_deadlock_with_somebody_else_is_tried_again(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.sim.set_callback_url(None);
    company
        .sim
        .hire_quietly(NewPerson::named("新同事"))
        .unwrap();
    let people = [company::EMPLOYEE, company::TWO_DEPARTMENTS];
    company.sim.dismiss_quietly(people[0]).unwrap();
    let titled = PersonChange {
        title: Some("经理".to_owned()),
        ..PersonChange::default()
    };
    company.sim.change_quietly(people[1], titled).unwrap();
    company.execute(SLOW_ADDS).await;
    let (summary, ()) = tokio::join!(company.sync(), async {
        is_applying(&company).await;
        let mut tx = company.pool.begin().await.unwrap();
        for userid in [people[1], people[0]] {
            // The second waits for the leaver whom the plan has marked.
            let locked = sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
                "SELECT FROM staff WHERE userid = '{userid}' FOR UPDATE"
            )))
            .execute(&mut *tx)
            .await;
            if locked.is_err() {
                break;
            }
        }
        tx.rollback().await.ok();
    });
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [1, 1, 0, 1, 0])
    );
}

#[sqlx::test]
async fn what_postgres_has_forgotten_is_not_taken_for_gone(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.sim.fault(
        USER_GET,
        dingtalk_sim::Fault::Delay(Duration::from_millis(500)),
    );
    let everybody = company.employed().await;
    // As after a crash: what is not logged is empty.
    let summary = company
        .sync_during(async |run| {
            run.root_is_read().await;
            company.execute("TRUNCATE staging_person").await;
        })
        .await;
    assert_eq!(
        (summary.state, company.employed().await),
        (State::Failed, everybody)
    );

    // And after a crash that comes while those are asked about who seem to be gone.
    company.sim.set_callback_url(None);
    company.sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    company.sim.reset_calls();
    let summary = company
        .sync_during(async |_| {
            while company.sim.calls(USER_GET) == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            company.execute("TRUNCATE staging_person").await;
        })
        .await;
    assert_eq!(
        (summary.state, company.employed().await),
        (State::Failed, everybody)
    );
}
