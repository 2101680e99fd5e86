//! One run at a time, and what becomes of one that dies.

use std::time::Duration;

use dingtalk_sim::{Fault, PersonChange, company};
use sqlx::PgPool;

use super::*;

const SLOW: Duration = Duration::from_millis(400);

#[sqlx::test]
async fn of_two_runs_at_once_the_second_is_told_who_runs(pool: PgPool) {
    let company = Company::new(&pool);
    let other = company.another_process();
    let admin = Request {
        started_by: company::ADMIN.to_owned(),
        ..request()
    };
    let (first, second) = tokio::join!(company.run(admin), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        (other.run(request()).await, other.run(dry()).await)
    });
    assert_eq!(first.unwrap().state, State::Done);
    for refused in [second.0, second.1] {
        let Err(SyncError::AlreadyRunning { by, since }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(by, company::ADMIN);
        assert!(since.timestamp() > 1_700_000_000);
    }
    assert_eq!(company.number("SELECT count(*) FROM sync_run").await, 1);
    assert_eq!(
        other.sync().await.state,
        State::Done,
        "the place is free again"
    );
}

#[sqlx::test]
async fn a_killed_run_leaves_nothing_behind_and_frees_its_place(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let before = company.fingerprint().await;
    company
        .sim
        .change_quietly(
            company::EMPLOYEE,
            PersonChange {
                title: Some("财务经理".into()),
                ..PersonChange::default()
            },
        )
        .unwrap();
    company.sim.fault(USER_LIST, Fault::Delay(SLOW));
    let killed = tokio::time::timeout(Duration::from_secs(1), company.sync()).await;
    assert!(killed.is_err(), "the run was to be cut short");
    company.sim.clear_faults();
    assert_eq!(company.fingerprint().await, before);

    assert!(matches!(
        company.run(request()).await,
        Err(SyncError::AlreadyRunning { .. })
    ));
    let lease = "SELECT count(*) FROM sync_run WHERE state = 'running' AND lease_until <= clock_timestamp() + interval '8 seconds'";
    assert_eq!(company.number(lease).await, 1);
    company.execute("UPDATE sync_run SET lease_until = clock_timestamp() - interval '1 ms' WHERE state = 'running'").await;
    let summary = company.another_process().sync().await;
    assert_eq!((summary.state, summary.counts.changed), (State::Done, 1));
    assert_eq!(
        company
            .number(
                "SELECT count(*) FROM sync_run WHERE state = 'failed' AND error_code = 'interrupted'"
            )
            .await,
        1
    );
}

#[sqlx::test]
async fn a_killed_dry_run_goes_without_a_word(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.sim.fault(USER_LIST, Fault::Delay(SLOW));
    let killed = tokio::time::timeout(Duration::from_secs(1), company.run(dry())).await;
    assert!(killed.is_err(), "the run was to be cut short");
    let expire = "UPDATE sync_run SET lease_until = clock_timestamp() - interval '1 ms' WHERE is_dry_run AND state = 'running'";
    company.execute(expire).await;
    assert_eq!(company.number("SELECT count(*) FROM sync_run").await, 2);
    assert_eq!(
        directory_sync::fail_interrupted(&company.ctx)
            .await
            .unwrap(),
        0
    );
    assert_eq!(company.number("SELECT count(*) FROM sync_run").await, 1);
    assert_eq!(company.alert("directory:sync").await, None);
}

#[sqlx::test]
async fn a_run_that_lives_keeps_its_place_for_longer_than_a_lease(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let other = company.another_process();
    company
        .sim
        .fault_times(USER_LIST, Fault::Delay(Duration::from_millis(4_500)), 3);
    let (summary, ()) = tokio::join!(company.sync(), async {
        tokio::time::sleep(Duration::from_millis(3_500)).await;
        let renewed = "SELECT count(*) FROM sync_run WHERE state = 'running' AND lease_until > started_at + interval '9 seconds' AND calls > 0";
        assert_eq!(other.number(renewed).await, 1);
    });
    assert_eq!(summary.state, State::Done);
}

#[sqlx::test]
async fn a_run_whose_place_was_taken_writes_nothing(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.sim.set_callback_url(None);
    company.sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    let before = company.fingerprint().await;
    company
        .sim
        .fault(USER_GET, Fault::Delay(Duration::from_secs(1)));
    let (ended, ()) = tokio::join!(company.run(request()), async {
        while company.sim.calls(USER_GET) == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        company.execute("UPDATE sync_run SET state = 'failed', error_code = 'interrupted', finished_at = now() WHERE state = 'running'").await;
    });
    assert!(matches!(ended, Err(SyncError::Interrupted)), "{ended:?}");
    assert_eq!(company.fingerprint().await, before);
}
