//! Postgres's clock steps back: who left before the step has not left after a sync began.
//! The tests move stored times forward, which is how a step leaves them.

use dingtalk_sim::NewPerson;
use sqlx::PgPool;

use super::*;

/// Somebody whom DingTalk lists again, and somebody whom the staff table has never held.
const RETURNS: &str = company::EMPLOYEE;
const NEWCOMER: &str = "newcomer1";

/// A company that both have left by an event, at a time in the future.
async fn left_ahead(pool: &PgPool, by: &str) -> Company {
    let company = Company::imported(pool).await;
    company.sim.set_callback_url(None);
    company
        .sim
        .hire_quietly(NewPerson {
            userid: Some(NEWCOMER.to_owned()),
            departments: vec![1],
            ..NewPerson::named("新同事")
        })
        .unwrap();
    for userid in [RETURNS, NEWCOMER] {
        company.receive("user_leave_org", userid).await;
    }
    assert_eq!(company.status(RETURNS).await.as_deref(), Some("left"));
    company
        .execute(&format!(
            "UPDATE staff SET left_at = left_at + interval '{by}' WHERE status = 'left';
             UPDATE unknown_leaver SET left_at = left_at + interval '{by}'"
        ))
        .await;
    company
}

#[sqlx::test]
async fn who_left_before_the_step_is_employed_by_a_later_sync_that_finds_them(pool: PgPool) {
    let company = left_ahead(&pool, "1 hour").await;
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [1, 0, 1, 0, 0])
    );
    for userid in [RETURNS, NEWCOMER] {
        assert!(company.is_employed(userid).await, "{userid}");
    }
    let overruled =
        "SELECT count(*) FROM audit_entry WHERE action = 'staff.left' AND userid = 'newcomer1'";
    assert_eq!(company.number(overruled).await, 0);
}

/// Has every run begin at a time an hour ahead, as where the clock steps back right after.
async fn begin_before_the_step(company: &Company) {
    company
        .execute(
            "CREATE FUNCTION ahead() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN NEW.started_at := clock_timestamp() + interval '1 hour'; RETURN NEW; END $$;
             CREATE TRIGGER ahead BEFORE INSERT ON sync_run FOR EACH ROW EXECUTE FUNCTION ahead()",
        )
        .await;
}

#[sqlx::test]
async fn a_step_during_a_sync_makes_nobody_a_leaver_who_left_before_it(pool: PgPool) {
    let company = left_ahead(&pool, "30 minutes").await;
    begin_before_the_step(&company).await;
    company.sync().await;
    for userid in [RETURNS, NEWCOMER] {
        assert!(company.is_employed(userid).await, "{userid}");
    }
}

#[sqlx::test]
async fn who_left_after_a_sync_began_stays_out_whatever_the_clock_does_then(pool: PgPool) {
    let company = left_ahead(&pool, "90 minutes").await;
    begin_before_the_step(&company).await;
    company.sync().await;
    for userid in [RETURNS, NEWCOMER] {
        assert!(!company.is_employed(userid).await, "{userid}");
    }
}
