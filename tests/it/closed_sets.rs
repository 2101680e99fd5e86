//! Columns with a closed set of values: their CHECK constraints, and rows with a value that no enum knows.

use std::collections::BTreeMap;

use dinggate::domain::alert::{DirectoryDoubt, Problem};
use dinggate::domain::audit::{ActorKind, AuditAction};
use dinggate::domain::case::{
    CaseState, DecisionScope, ItemState, MatchedId, Refusal, ReviewAction, Standing,
};
use dinggate::domain::event::{EventSource, EventState};
use dinggate::domain::person::{LeftCause, Status};
use dinggate::domain::queue::LaneName;
use dinggate::domain::rights::Role;
use dinggate::domain::session::LoginMethod;
use dinggate::domain::skip_reason::SkipReason;
use dinggate::domain::sync::{ChangeKind, Step, SyncCause, SyncDecision, SyncReason, SyncState};
use dinggate::domain::sync_problem::SyncProblemCode;
use dinggate::domain::webhook::{DeliveryError, DeliveryState};
use dinggate::store::recheck::{self, RecheckReason};
use dinggate::store::{Conn, StoreError, alert, event_list, review_job, staff, webhook};
use dingtalk_sim::company;
use sqlx::PgPool;
use uuid::Uuid;

use crate::events::{SOON, about, tell};
use crate::support::{TestApp, eventually};

macro_rules! texts {
    ($set:ty) => {
        <$set>::ALL.map(<$set>::as_str).to_vec()
    };
}

/// The columns that hold a closed set, with the texts of its values.
fn columns() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut alerts = vec!["misconfigured:_%"];
    alerts.extend(texts!(Problem));
    alerts.extend(texts!(DirectoryDoubt));
    let mut skip_reasons: Vec<&str> = SkipReason::PLAIN.iter().map(SkipReason::code).collect();
    skip_reasons.push(SkipReason::BadRecord("name".into()).code());
    BTreeMap::from([
        ("admin_grant.role", texts!(Role)),
        ("alert.kind", alerts),
        ("audit_entry.action", texts!(AuditAction)),
        ("audit_entry.actor_kind", texts!(ActorKind)),
        ("event.source", texts!(EventSource)),
        ("event.state", texts!(EventState)),
        ("queue_lane.name", texts!(LaneName)),
        ("review_job.action", texts!(ReviewAction)),
        ("review_job_item.state", texts!(ItemState)),
        // Of the version before, whose rows are carried over.
        ("recheck.cause", texts!(RecheckReason)),
        ("subject_recheck.reasons", texts!(RecheckReason)),
        ("staff.left_cause", texts!(LeftCause)),
        ("staff.status", texts!(Status)),
        ("sync_change.kind", texts!(ChangeKind)),
        ("sync_change.reason", skip_reasons),
        ("staging_change.kind", texts!(ChangeKind)),
        ("staging_change.step", texts!(Step)),
        ("sync_run.cause", texts!(SyncCause)),
        ("sync_run.decision", texts!(SyncDecision)),
        ("sync_run.error_code", texts!(SyncProblemCode)),
        ("sync_run.state", texts!(SyncState)),
        ("sync_request.reasons", texts!(SyncReason)),
        ("unmatched_attempt.reason", texts!(Refusal)),
        ("unmatched_login.decision_scope", texts!(DecisionScope)),
        ("unmatched_login.matched_id", texts!(MatchedId)),
        (
            "unmatched_login.reason",
            Refusal::OF_CASES.map(Refusal::as_str).to_vec(),
        ),
        ("unmatched_login.state", texts!(CaseState)),
        ("unmatched_person.standing", texts!(Standing)),
        ("web_session.method", texts!(LoginMethod)),
        ("webhook_attempt.error", texts!(DeliveryError)),
        ("webhook_delivery.last_error", texts!(DeliveryError)),
        ("webhook_delivery.state", texts!(DeliveryState)),
    ])
}

#[sqlx::test]
async fn each_closed_set_has_exactly_the_values_that_its_column_allows(pool: PgPool) {
    #[expect(clippy::disallowed_methods, reason = "a test reads what the product wrote in its own way")]
    let constraints: Vec<(String, String)> = sqlx::query_as(
        "SELECT c.conrelid::regclass || '.' || a.attname, pg_get_constraintdef(c.oid)
         FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
         WHERE c.contype = 'c' AND c.connamespace = 'public'::regnamespace AND cardinality(c.conkey) = 1
           AND (pg_get_constraintdef(c.oid) LIKE '%= ANY (ARRAY[%' OR pg_get_constraintdef(c.oid) LIKE '%<@ ARRAY[%')",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let allowed = constraints.iter().map(|(column, check)| {
        let mut texts: Vec<&str> = check.split('\'').skip(1).step_by(2).collect();
        texts.sort_unstable();
        (column.as_str(), texts)
    });
    let known = columns().into_iter().map(|(column, mut texts)| {
        texts.sort_unstable();
        (column, texts)
    });
    assert_eq!(
        allowed.collect::<BTreeMap<_, _>>(),
        known.collect::<BTreeMap<_, _>>()
    );
}

async fn conn(pool: &PgPool) -> Conn {
    Conn::single(pool.acquire().await.unwrap().detach())
}

async fn run(pool: &PgPool, statements: &'static str) {
    sqlx::raw_sql(statements).execute(pool).await.unwrap();
}

fn message<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(error, StoreError::UnknownValue(_)), "{error:?}");
    error.to_string()
}

#[sqlx::test]
async fn an_unknown_value_is_an_error_with_table_column_and_row(pool: PgPool) {
    run(
        &pool,
        "ALTER TABLE event DROP CONSTRAINT event_state_check;
         ALTER TABLE staff DROP CONSTRAINT staff_left_cause_check;
         INSERT INTO event (dedupe_key, event_type, state) VALUES ('id:a', 'org_change', 'applied'), ('id:b', 'org_change', 'lost');
         INSERT INTO staff (userid, status, left_at, left_cause) VALUES ('u1', 'left', now(), 'retired')",
    )
    .await;
    let mut conn = conn(&pool).await;
    assert!(event_list::find(&mut conn, 1).await.unwrap().is_some());
    assert_eq!(
        message(event_list::find(&mut conn, 2).await),
        "event.state holds the unknown value \"lost\" in the row 2"
    );
    let userids = ["u1".to_owned()];
    assert_eq!(
        message(dinggate::store::staff_list::rows(&mut conn, &userids).await),
        "staff.left_cause holds the unknown value \"retired\" in the row u1"
    );
    // Who may sign in is not decided by a status that nobody knows.
    run(
        &pool,
        "ALTER TABLE staff DROP CONSTRAINT staff_status_check; ALTER TABLE staff DROP CONSTRAINT staff_check;
         UPDATE staff SET status = 'on_leave'",
    )
    .await;
    let userid = dinggate::domain::ids::UserId::parse("u1").unwrap();
    assert_eq!(
        message(staff::find(&mut conn, &userid).await),
        "staff.status holds the unknown value \"on_leave\" in the row u1"
    );
}

#[sqlx::test]
async fn a_worker_skips_the_row_and_takes_the_others(pool: PgPool) {
    run(
        &pool,
        "ALTER TABLE subject_recheck DROP CONSTRAINT subject_recheck_reasons_check;
         ALTER TABLE review_job DROP CONSTRAINT review_job_action_check;
         ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_state_check;
         ALTER TABLE alert DROP CONSTRAINT alert_kind_check;
         INSERT INTO subject_recheck (subject, due_at, reasons, times) VALUES
             ('u1', now(), '{whim}', ARRAY[now() - interval '1 hour']), ('u2', now(), '{join}', ARRAY[now()]);
         INSERT INTO review_job (action, created_by) VALUES ('forgive', 'u3'), ('reject', 'u4');
         INSERT INTO webhook_delivery (message_type, userid, subject, body, state) VALUES
             ('staff.left', 'u5', '', '{}', 'lost'), ('staff.left', 'u6', '', '{}', 'waiting');
         INSERT INTO alert (kind, detail) VALUES ('hunch', ''), ('webhook:failed', 'timeout')",
    )
    .await;
    let (mut conn, instance) = (conn(&pool).await, Uuid::new_v4());
    let rechecks = recheck::claim_batch(&mut conn, instance, true, 10).await;
    let claimed: Vec<_> = rechecks.unwrap().into_iter().map(|r| r.reason).collect();
    assert_eq!(claimed, [RecheckReason::Join]);
    let job = review_job::claim(&mut conn, instance).await.unwrap();
    assert_eq!(job.unwrap().action, ReviewAction::Reject);
    assert!(
        review_job::claim(&mut conn, instance)
            .await
            .unwrap()
            .is_none()
    );
    let due = webhook::claim_due(&mut conn, instance, 10).await.unwrap();
    assert_eq!(due.len(), 1);
    let alerts = alert::current(&mut conn).await.unwrap();
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].kind, Problem::WebhookFailed.into());
}

#[sqlx::test]
async fn an_unknown_state_breaks_its_pages_and_no_other_event(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    app.execute(
        "ALTER TABLE staff DROP CONSTRAINT staff_status_check; ALTER TABLE staff DROP CONSTRAINT staff_check;
         INSERT INTO staff (userid, status) VALUES ('wangwei07', 'on_leave')",
    )
    .await;
    tell(&app, &about("user_modify_org", &[company::BIG_ORDER])).await;
    app.execute(
        "ALTER TABLE event DROP CONSTRAINT event_state_check;
         INSERT INTO event (dedupe_key, event_type, userids, state) VALUES ('id:b', 'user_modify_org', '{u9}', 'lost')",
    )
    .await;
    let broken = app
        .number("SELECT id FROM event WHERE state = 'lost'")
        .await;
    tell(&app, &about("user_add_org", &[company::EMPLOYEE])).await;
    app.wait_for_status(company::EMPLOYEE, Some("employed"), SOON)
        .await;
    let reason = "staff.status holds the unknown value \"on_leave\" in the row wangwei07";
    eventually("the event says what is wrong", SOON, async || {
        let said = "SELECT coalesce(max(last_error), '') FROM event WHERE event_type = 'user_modify_org' AND state = 'waiting'";
        #[expect(clippy::disallowed_methods, reason = "a test reads what the product wrote in its own way")]
        let said: String = sqlx::query_scalar(said).fetch_one(&pool).await.unwrap();
        said == reason
    })
    .await;
    for path in ["/admin/events", &format!("/admin/events/{broken}")] {
        assert_eq!(admin.get(path).await.status, 500, "{path}");
    }
    let others = admin.get("/admin/events?state=applied").await;
    assert_eq!(others.status, 200);
}
