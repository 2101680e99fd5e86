//! Decisions about many people: each with an outcome of its own, whatever happens to the others.

use std::time::Duration;

use dingtalk_sim::{Fault, company};
use sqlx::PgPool;

use super::{gets_in, spawn, state_of, turned_away};
use crate::support::{Browser, TestApp, eventually};

const APPROVE: (&str, &str) = ("action", "approve");
/// What the page that asks before people are approved adds.
const CONFIRMED: (&str, &str) = ("confirmed", "yes");

/// Sends the bulk form, and waits until the job that it began is finished; gives the job's page.
async fn finished(app: &TestApp, admin: &mut Browser, fields: &[(&str, &str)]) -> String {
    let answer = admin.post("/admin/unmatched/bulk", fields).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let path = answer.location().to_owned();
    assert!(path.starts_with("/admin/unmatched/jobs/"), "{path}");
    wait_for_jobs(app).await;
    admin.get(&path).await.body
}

async fn wait_for_jobs(app: &TestApp) {
    eventually(
        "all jobs are finished",
        Duration::from_secs(20),
        async || {
            app.number("SELECT count(*) FROM review_job WHERE finished_at IS NULL")
                .await
                == 0
        },
    )
    .await;
}

#[sqlx::test]
async fn one_refused_person_does_not_stop_the_rest(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap();
    let other = app.sim.person(company::BIG_ORDER).unwrap();
    let ids = [
        turned_away(&app, company::STRANGER_UNIONID, "not_employee").await,
        turned_away(&app, &person.unionid, "pending_review").await,
        turned_away(&app, company::EXTERNAL_UNIONID, "not_employee").await,
        turned_away(&app, &other.unionid, "pending_review").await,
    ]
    .map(|id| id.to_string());
    let mut fields: Vec<(&str, &str)> = ids.iter().map(|id| ("ids", id.as_str())).collect();
    fields.extend([("ids", "987654"), ("ids", &ids[1]), APPROVE, CONFIRMED]);
    let page = finished(&app, &mut admin, &fields).await;
    for part in [
        "Approving 4 people",
        "2 succeeded, 2 failed",
        "does not list this person",
        "as an external contact",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(
        !page.contains("data-refresh"),
        "a finished job stands still"
    );
    assert!(gets_in(&app, &person.unionid).await && gets_in(&app, &other.unionid).await);
    let by_admin = format!(
        "SELECT count(*) FROM audit_entry WHERE action = 'review.approve' AND actor = '{}'",
        company::ADMIN
    );
    assert_eq!(app.number(&by_admin).await, 2);
}

#[sqlx::test]
async fn rejecting_many_asks_first_and_wants_a_reason(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let ids = [
        turned_away(&app, company::STRANGER_UNIONID, "not_employee").await,
        turned_away(&app, company::EXTERNAL_UNIONID, "not_employee").await,
    ];
    let texts = ids.map(|id| id.to_string());
    let chosen = [
        ("ids", texts[0].as_str()),
        ("ids", texts[1].as_str()),
        ("action", "reject"),
    ];
    let asked = admin.post("/admin/unmatched/bulk", &chosen).await;
    assert!(
        asked.status == 200 && asked.body.contains("Reject 2 people"),
        "{}",
        asked.body
    );
    for (back, cancel) in [
        (
            "/admin/unmatched?q=x&page=2",
            "/admin/unmatched?q=x&#38;page=2",
        ),
        ("//evil.example", "/admin/unmatched"),
        ("/admin/staff", "/admin/unmatched"),
    ] {
        let asked = admin
            .post(
                "/admin/unmatched/bulk",
                &[chosen.as_slice(), &[("back", back)]].concat(),
            )
            .await;
        let link = format!("<a class=\"text-button\" href=\"{cancel}\">Cancel</a>");
        assert!(asked.body.contains(&link), "{back}: {}", asked.body);
        assert!(
            asked
                .body
                .contains(&format!("crumbs\"><a href=\"{cancel}\">"))
        );
    }
    let empty = admin
        .post(
            "/admin/unmatched/bulk",
            &[chosen.as_slice(), &[("reason", " ")]].concat(),
        )
        .await;
    assert!(
        empty.status == 400 && empty.body.contains("Please give a reason"),
        "{}",
        empty.body
    );
    assert_eq!(app.number("SELECT count(*) FROM review_job").await, 0);
    let fields = [("reason", "strangers"), ("back", "/admin/unmatched?q=x")];
    let page = finished(&app, &mut admin, &[chosen.as_slice(), &fields].concat()).await;
    assert!(
        page.contains("Rejecting 2 people")
            && page.contains("crumbs\"><a href=\"/admin/unmatched?q=x\">")
            && page.contains("2 succeeded, 0 failed")
            && page.contains("strangers"),
        "{page}"
    );
    assert_eq!(
        (
            state_of(&app, ids[0]).await.as_str(),
            state_of(&app, ids[1]).await.as_str()
        ),
        ("rejected", "rejected")
    );
    let page = finished(
        &app,
        &mut admin,
        &[chosen[0], chosen[1], ("action", "reopen")],
    )
    .await;
    assert!(
        page.contains("Reopening 2 people") && page.contains("2 succeeded"),
        "{page}"
    );
    let page = finished(&app, &mut admin, &[chosen[0], ("action", "reopen")]).await;
    assert!(
        page.contains("0 succeeded, 1 failed") && page.contains("waiting already"),
        "{page}"
    );
}

#[sqlx::test]
async fn a_choice_that_makes_no_sense_begins_nothing(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let answer = admin
        .post(
            "/admin/unmatched/bulk",
            &[
                ("action", "approve"),
                ("back", "/admin/unmatched?state=all"),
            ],
        )
        .await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/admin/unmatched?state=all")
    );
    assert!(
        admin
            .get("/admin/unmatched")
            .await
            .body
            .contains("Select at least one person")
    );
    let away = admin
        .post(
            "/admin/unmatched/bulk",
            &[("action", "approve"), ("back", "//evil.example")],
        )
        .await;
    assert_eq!(away.location(), "/admin/unmatched");
    assert_eq!(
        admin
            .post(
                "/admin/unmatched/bulk",
                &[("ids", "1"), ("action", "explode")]
            )
            .await
            .status,
        400
    );
    assert_eq!(
        admin
            .post(
                "/admin/unmatched/bulk",
                &[("ids", "x"), ("action", "approve")]
            )
            .await
            .status,
        400
    );
    assert_eq!(
        admin
            .post(
                "/admin/unmatched/bulk",
                &[("ids", "987654"), ("action", "approve")]
            )
            .await
            .status,
        404
    );
    let crowd: Vec<String> = (0..501).map(|n| n.to_string()).collect();
    let mut fields: Vec<(&str, &str)> = crowd.iter().map(|id| ("ids", id.as_str())).collect();
    fields.push(("action", "approve"));
    assert_eq!(
        admin.post("/admin/unmatched/bulk", &fields).await.status,
        400
    );
    assert_eq!(admin.get("/admin/unmatched/jobs/1").await.status, 404);
    assert_eq!(app.number("SELECT count(*) FROM review_job").await, 0);
}

#[sqlx::test]
async fn a_job_of_an_instance_that_died_is_taken_over_and_nobody_is_decided_twice(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap();
    let first = turned_away(&app, company::STRANGER_UNIONID, "not_employee").await;
    let second = turned_away(&app, &person.unionid, "pending_review").await;
    let job = format!(
        "INSERT INTO review_job (action, created_by, claimed_by, claimed_until)
             VALUES ('approve', '{}', gen_random_uuid(), now() + interval '2 seconds');
         INSERT INTO review_job_item (job_id, position, case_id, nick, state, outcome) VALUES
             (1, 1, {first}, 'a', 'refused', 'held:u9'), (1, 2, {second}, 'b', 'waiting', NULL)",
        company::ADMIN
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(job))
        .execute(&pool)
        .await
        .unwrap();
    let page = admin.get("/admin/unmatched/jobs/1").await.body;
    assert!(
        page.contains("Processing 1 of 2")
            && page.contains("data-refresh")
            && page.contains("Queued"),
        "{page}"
    );
    assert!(
        page.contains("u9 was marked as left by an administrator"),
        "{page}"
    );
    wait_for_jobs(&app).await;
    assert_eq!(state_of(&app, second).await, "approved");
    assert_eq!(
        app.number(
            "SELECT count(*) FROM review_job_item WHERE state = 'refused' AND outcome = 'held:u9'"
        )
        .await,
        1
    );
    assert_eq!(
        app.number("SELECT count(*) FROM audit_entry WHERE action = 'review.approve'")
            .await,
        1
    );
}

#[sqlx::test]
async fn two_instances_share_the_jobs_and_settle_everybody_once(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let _second = app.another_instance().await;
    app.execute(
        "INSERT INTO unmatched_login (unionid, nick, reason, last_request_id)
         SELECT 'nobody-' || n, 'n' || n, 'not_employee', 'R' FROM generate_series(1, 30) n",
    )
    .await;
    let ids: Vec<String> = (1..=30).map(|n| n.to_string()).collect();
    let fields = |part: &[String]| -> Vec<(String, String)> {
        part.iter()
            .map(|id| ("ids".to_owned(), id.clone()))
            .collect()
    };
    for half in ids.chunks(15) {
        let mut fields = fields(half);
        fields.extend([
            ("action".to_owned(), "reject".to_owned()),
            ("reason".to_owned(), "spam".to_owned()),
        ]);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            admin.post("/admin/unmatched/bulk", &fields).await.status,
            303
        );
    }
    wait_for_jobs(&app).await;
    assert_eq!(
        app.number("SELECT count(*) FROM unmatched_login WHERE state = 'rejected'")
            .await,
        30
    );
    assert_eq!(
        app.number("SELECT count(*) FROM audit_entry WHERE action = 'review.reject'")
            .await,
        30
    );
    assert_eq!(
        app.number("SELECT count(*) FROM review_job_item WHERE state = 'done'")
            .await,
        30
    );
}

#[sqlx::test]
async fn whom_dingtalk_cannot_answer_for_is_told_so(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap();
    let id = turned_away(&app, &person.unionid, "pending_review")
        .await
        .to_string();
    app.sim.fault("/topapi/v2/user/get", Fault::CloseConnection);
    let page = finished(&app, &mut admin, &[("ids", &id), APPROVE, CONFIRMED]).await;
    assert!(
        page.contains("0 succeeded, 1 failed") && page.contains("did not answer in time"),
        "{page}"
    );
    app.sim.clear_faults();
    let page = finished(&app, &mut admin, &[("ids", &id), APPROVE, CONFIRMED]).await;
    assert!(page.contains("1 succeeded, 0 failed"), "{page}");
}

#[sqlx::test]
async fn nobody_decides_in_the_name_of_whoever_is_no_longer_an_administrator(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let case = turned_away(&app, company::STRANGER_UNIONID, "not_employee").await;
    let job = format!(
        "INSERT INTO admin_grant (userid, granted_by) VALUES ('{by}', 'test');
         INSERT INTO review_job (action, reason, created_by, claimed_by, claimed_until)
             VALUES ('reject', 'spam', '{by}', gen_random_uuid(), now() + interval '1 second');
         INSERT INTO review_job_item (job_id, position, case_id, nick) VALUES (1, 1, {case}, 'a');
         DELETE FROM admin_grant WHERE userid = '{by}'",
        by = company::EMPLOYEE
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(job))
        .execute(&pool)
        .await
        .unwrap();
    wait_for_jobs(&app).await;
    assert_eq!(state_of(&app, case).await, "waiting");
    let page = admin.get("/admin/unmatched/jobs/1").await.body;
    assert!(
        page.contains("0 succeeded, 1 failed")
            && page.contains("no longer has the right to decide"),
        "{page}"
    );
}
