//! A stopped plan, and the administrator who decides about it.

use dinggate::domain::sync::{ChangeKind, SyncDecision, SyncState};
use std::sync::LazyLock;

use dinggate::domain::ids::UserId;
use dinggate::service::actor::Actor;
use dinggate::service::directory_sync::{ApproveError, approve, discard};
use dinggate::service::employment::{self, Trigger, Warrant};
use dinggate::upstream::Priority;
use dingtalk_sim::{Fault, company};
use sqlx::PgPool;

use super::*;

/// A company whose last run has held eight people back; gives its number and who they are.
async fn stopped(pool: &PgPool) -> (Company, i64, Vec<String>) {
    let company = Company::imported(pool).await;
    company.sim.set_callback_url(None);
    sqlx::raw_sql("INSERT INTO admin_grant (userid, unionid, granted_by) SELECT userid, unionid, 'test' FROM staff WHERE userid = 'manager4220'")
        .execute(pool)
        .await
        .unwrap();
    let people = company.sim.people().into_iter();
    let gone: Vec<String> = people
        .map(|person| person.userid)
        .filter(|id| id != company::ADMIN)
        .take(8)
        .collect();
    for userid in &gone {
        company.sim.dismiss_quietly(userid).unwrap();
    }
    assert_eq!(company.sync().await.state, State::Stopped);
    let run = company.last_run().await;
    assert!(run.is_waiting && run.waits_until.is_some(), "{run:?}");
    (company, run.id, gone)
}

fn admin() -> Actor<'static> {
    static USERID: LazyLock<UserId> = LazyLock::new(|| UserId::parse(company::ADMIN).unwrap());
    Actor {
        userid: &USERID,
        address: Some("192.0.2.1"),
    }
}

async fn kinds(company: &Company) -> Vec<(ChangeKind, i64)> {
    let id = company.last_run().await.id;
    let mut conn = dinggate::store::Conn::single(company.pool.acquire().await.unwrap().detach());
    sync_list::count_changes_by_kind(&mut conn, id)
        .await
        .unwrap()
}

#[sqlx::test]
async fn approving_marks_whom_dingtalk_still_does_not_know_in_the_administrators_name(
    pool: PgPool,
) {
    let (company, id, gone) = stopped(&pool).await;
    assert_eq!(kinds(&company).await, [(ChangeKind::Withheld, 8)]);
    assert_eq!(
        company.alert("directory:sync").await,
        Some(format!("{id}:stopped"))
    );
    for userid in &gone[..2] {
        company.sim.rehire_quietly(userid, None).unwrap();
    }
    let carried_out = approve(&company.ctx, id, &admin()).await.unwrap();
    let run = company.ended(carried_out).await;
    assert_eq!(
        (
            run.state.as_str(),
            run.cause.as_str(),
            run.approves,
            run.counts.left,
            run.counts.skipped
        ),
        ("done", "approval", Some(id), 6, 2)
    );
    assert_eq!(run.calls, 8);
    assert_eq!(
        company.reasons().await,
        gone[..2]
            .iter()
            .map(|id| (id.clone(), "DingTalk knows the person again".to_owned()))
            .collect::<Vec<_>>()
    );
    for (n, userid) in gone.iter().enumerate() {
        assert_eq!(company.is_employed(userid).await, n < 2, "{userid}");
    }
    let run = company.run_row(id).await;
    assert_eq!(
        (
            run.decision,
            run.decided_by.as_deref(),
            run.approved_in,
            run.is_waiting
        ),
        (
            Some(SyncDecision::Approved),
            Some(company::ADMIN),
            Some(carried_out),
            false
        )
    );
    let lines = "SELECT count(*) FROM audit_entry WHERE actor = 'manager4220' AND action = ";
    assert_eq!(company.number(&format!("{lines}'staff.left'")).await, 6);
    let approved = format!("{lines}'sync.approve' AND ip = '192.0.2.1'");
    assert_eq!(company.number(&approved).await, 1);
    assert_eq!(company.alert("directory:sync").await, None);
    let again = approve(&company.ctx, id, &admin()).await;
    assert!(matches!(again, Err(ApproveError::NotWaiting)));
}

#[sqlx::test]
async fn an_approval_that_meets_an_outage_marks_nobody_and_the_plan_still_waits(pool: PgPool) {
    let (company, id, gone) = stopped(&pool).await;
    let before = company.fingerprint().await;
    for (fault, times, state) in [
        (Fault::Http(503), 20, "failed"),
        (Fault::Banned1111, 1, "failed"),
        (Fault::ErrCode(60011), 1, ""),
    ] {
        company.sim.fault_times(USER_GET, fault.clone(), times);
        let carried_out = approve(&company.ctx, id, &admin()).await.unwrap();
        let run = company.ended(carried_out).await;
        assert!(
            run.state.as_str() == state || state.is_empty(),
            "{fault:?} {run:?}"
        );
        assert_ne!(run.state, SyncState::Done);
        assert!(
            run.problem().is_some() && run.counts.left == 0,
            "{fault:?} {run:?}"
        );
        company.sim.clear_faults();
        company
            .execute("UPDATE rate_limit SET next_at = '-infinity'")
            .await;
        assert_eq!(company.fingerprint().await, before, "{fault:?}");
        assert!(company.run_row(id).await.is_waiting, "{fault:?}");
    }
    let carried_out = approve(&company.ctx, id, &admin()).await.unwrap();
    assert_eq!(
        company.ended(carried_out).await.counts.left,
        i32::try_from(gone.len()).unwrap()
    );
}

#[sqlx::test]
async fn whom_something_was_heard_of_since_the_stopped_run_stays(pool: PgPool) {
    let (company, id, gone) = stopped(&pool).await;
    let first = UserId::parse(gone[0].as_str()).unwrap();
    company.sim.rehire_quietly(&gone[0], None).unwrap();
    employment::refresh_person(
        &company.ctx,
        Priority::Recheck,
        &first,
        Trigger::Event,
        Warrant::None,
    )
    .await
    .unwrap();
    company.sim.dismiss_quietly(&gone[0]).unwrap();
    let carried_out = approve(&company.ctx, id, &admin()).await.unwrap();
    let run = company.ended(carried_out).await;
    assert_eq!((run.counts.left, run.counts.skipped), (7, 1));
    assert!(company.is_employed(&gone[0]).await);
    assert_eq!(
        company.reasons().await,
        [(
            gone[0].clone(),
            "something newer has been heard of the person since".to_owned()
        )]
    );
}

#[sqlx::test]
async fn discarding_keeps_everybody_and_ends_the_waiting(pool: PgPool) {
    let (company, id, gone) = stopped(&pool).await;
    discard(&company.ctx, id, &admin()).await.unwrap();
    let run = company.run_row(id).await;
    assert_eq!(
        (run.decision, run.decided_by.as_deref(), run.is_waiting),
        (Some(SyncDecision::Discarded), Some(company::ADMIN), false)
    );
    assert!(company.is_employed(&gone[0]).await);
    assert_eq!(company.number("SELECT count(*) FROM audit_entry WHERE action = 'sync.discard' AND actor = 'manager4220'").await, 1);
    assert_eq!(company.alert("directory:sync").await, None);
    for refused in [
        approve(&company.ctx, id, &admin()).await.map(|_| ()),
        discard(&company.ctx, id, &admin()).await,
    ] {
        assert!(
            matches!(refused, Err(ApproveError::NotWaiting)),
            "{refused:?}"
        );
    }
}

#[sqlx::test]
async fn a_plan_waits_until_the_next_complete_run_or_for_a_day(pool: PgPool) {
    let (company, id, _gone) = stopped(&pool).await;
    company.sim.fault_times(LIST_SUB, Fault::ErrCode(60011), 1);
    assert_eq!(company.sync().await.state, State::Partial);
    assert!(
        company.run_row(id).await.is_waiting,
        "a partial run decides nothing"
    );
    company.run(dry()).await.unwrap();
    assert!(company.run_row(id).await.is_waiting, "nor does a dry one");
    assert_eq!(company.sync().await.state, State::Stopped);
    let run = company.run_row(id).await;
    assert_eq!(
        (run.decision, run.is_waiting),
        (Some(SyncDecision::Superseded), false)
    );

    let latest = company.last_run().await.id;
    company
        .execute("UPDATE sync_run SET finished_at = finished_at - interval '24 hours 1 second'")
        .await;
    assert!(!company.run_row(latest).await.is_waiting);
    for id in [id, latest, 4_711] {
        let refused = approve(&company.ctx, id, &admin()).await;
        assert!(
            matches!(refused, Err(ApproveError::NotWaiting)),
            "{refused:?}"
        );
    }
}

#[sqlx::test]
async fn nothing_is_approved_while_a_run_is_running(pool: PgPool) {
    let (company, id, _gone) = stopped(&pool).await;
    company
        .sim
        .fault_times(SCOPES, Fault::Delay(Duration::from_millis(700)), 1);
    let running = directory_sync::start(&company.ctx, request())
        .await
        .unwrap();
    let refused = approve(&company.ctx, id, &admin()).await;
    let Err(ApproveError::AlreadyRunning { by, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(by, "command:test");
    assert_eq!(company.ended(running).await.state, SyncState::Stopped);
}

#[sqlx::test]
async fn an_approval_that_finds_an_interrupted_sync_has_it_told(pool: PgPool) {
    let (company, id, _) = stopped(&pool).await;
    company
        .execute(
            "INSERT INTO sync_run (cause, started_by, state, instance, lease_until)
             VALUES ('schedule', 'system', 'running', gen_random_uuid(), now() - interval '1 minute')",
        )
        .await;
    let interrupted = company.last_run().await.id;
    let carried_out = approve(&company.ctx, id, &admin()).await.unwrap();
    company.ended(carried_out).await;
    assert_eq!(
        company.alert("directory:sync").await,
        Some(format!("{interrupted}:failed"))
    );
}
