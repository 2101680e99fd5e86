//! SIGKILL in the worst moments.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dingtalk_sim::Fault;
use sqlx::PgPool;
use tokio::sync::Semaphore;

use super::{Process, REDEEM, SOON, Scene, USER_GET, event, push};
use crate::support::eventually;

/// Within this the work of a dead instance goes on elsewhere.
const TAKE_OVER: Duration = Duration::from_secs(10);

#[sqlx::test]
async fn what_was_answered_before_a_kill_is_applied_after_it_and_once(pool: PgPool) {
    let mut scene = Scene::new(&pool).await;
    // Each start binds the administrators that it names, by a call of its own.
    scene.settings.remove("DINGGATE_ADMINS");
    let people = scene.people(12);
    let mut process = scene.serve().await;
    scene.sim.fault("*", Fault::CloseConnection);
    for person in &people {
        scene
            .deliver(
                &process,
                &event(&person.userid, "user_add_org", &person.userid),
            )
            .await;
    }
    process.kill();
    assert_eq!(
        (
            scene.events("waiting").await,
            scene.number("SELECT count(*) FROM staff").await
        ),
        (12, 1)
    );
    scene.sim.clear_faults();
    scene.sim.reset_calls();
    let process = scene.serve().await;
    scene
        .wait_for_number(
            "SELECT count(*) FROM event WHERE state = 'applied'",
            12,
            SOON,
        )
        .await;
    // DingTalk repeats what it believes was lost.
    for person in &people {
        scene
            .deliver(
                &process,
                &event(&person.userid, "user_add_org", &person.userid),
            )
            .await;
    }
    assert_eq!(scene.number("SELECT count(*) FROM event").await, 12);
    assert_eq!(
        scene
            .number("SELECT count(*) FROM staff WHERE status = 'employed'")
            .await,
        12
    );
    assert_eq!(
        scene
            .number("SELECT count(*) FROM audit_entry WHERE action = 'staff.added'")
            .await,
        12
    );
    assert_eq!(scene.sim.calls(USER_GET), 12);
}

#[sqlx::test]
async fn a_leaving_that_was_answered_outlives_a_kill_with_the_door_closed_and_its_looks(
    pool: PgPool,
) {
    let scene = Scene::new(&pool).await;
    let person = &scene.people(1)[0];
    scene.employ(&scene.people(1)).await;
    let mut process = scene.serve().await;
    let mut browser = scene.signed_in(&process, person).await;
    scene.sim.fault("*", Fault::Hang);
    scene
        .deliver(&process, &event("gone", "user_leave_org", &person.userid))
        .await;
    process.kill();
    let process = scene.serve().await;
    assert!(!browser.at(&process.url).is_in().await);
    assert_eq!(
        scene
            .number("SELECT count(*) FROM staff WHERE status = 'employed'")
            .await,
        0
    );
    assert_eq!(
        scene
            .number("SELECT count(*) FROM subject_recheck, unnest(reasons) AS reason WHERE reason = 'leave'")
            .await,
        2
    );
    let state = browser.begin("/").await;
    scene.sim.clear_faults();
    let code = scene.sim.sns_code(&person.unionid);
    assert_eq!(browser.come_back(&state, &code).await.status, 403);
}

#[sqlx::test]
async fn claimed_work_of_a_killed_instance_is_done_by_the_other_within_ten_seconds(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    let people = scene.people(6);
    let mut doomed = scene.serve().await;
    scene.sim.fault(USER_GET, Fault::Hang);
    for person in &people {
        scene
            .deliver(
                &doomed,
                &event(&person.userid, "user_add_org", &person.userid),
            )
            .await;
    }
    let claimed = "SELECT count(*) FROM event WHERE claimed_until > now()";
    eventually("it is claimed and asked about", SOON, async || {
        scene.number(claimed).await > 0 && scene.sim.calls(USER_GET) > 2
    })
    .await;
    let _other = scene.serve_another().await;
    doomed.kill();
    let killed = Instant::now();
    scene.sim.clear_faults();
    eventually("all is applied", TAKE_OVER, async || {
        scene.events("applied").await == 6
    })
    .await;
    assert!(killed.elapsed() < TAKE_OVER, "{:?}", killed.elapsed());
    assert_eq!(
        scene
            .number("SELECT count(*) FROM audit_entry WHERE action = 'staff.added'")
            .await,
        6
    );
}

#[sqlx::test]
async fn a_killed_instance_holds_up_logins_on_the_other_no_longer_than_ten_seconds(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    let (people, person) = (scene.people(5), &scene.people(1)[0]);
    scene.employ(&people).await;
    let mut doomed = scene.serve().await;
    let other = scene.serve_another().await;
    // It dies with the claim on the access token and with every slot in flight.
    scene.sim.fault("*", Fault::Hang);
    let root = doomed.url.clone();
    let logins = people.iter().map(|person| {
        let (root, sim, unionid) = (root.clone(), scene.sim.clone(), person.unionid.clone());
        async move {
            let mut browser = crate::support::Browser::new(&root, sim.clone());
            let state = browser.begin("/").await;
            let url = format!(
                "{root}/login/callback?state={state}&code={}",
                sim.sns_code(&unionid)
            );
            let cookie: Vec<String> = browser
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            tokio::spawn(
                super::reqwest_client()
                    .get(url)
                    .header("cookie", cookie.join("; "))
                    .send(),
            )
        }
    });
    let waiting = futures_util::future::join_all(logins).await;
    scene
        .deliver(&doomed, &event("joins", "user_add_org", &person.userid))
        .await;
    // Before the first call times out, after which its login is answered.
    eventually("slots are taken", SOON, async || {
        scene
            .number("SELECT count(*) FROM call_in_flight WHERE lease_until > now()")
            .await
            >= 3
    })
    .await;
    doomed.kill();
    let killed = Instant::now();
    assert!(scene.sim.calls(REDEEM) > 0);
    scene.sim.clear_faults();
    let mut browser = scene.browser(&other);
    loop {
        let answer = browser.scan(&person.unionid, "/").await;
        assert!(
            killed.elapsed() < TAKE_OVER,
            "{} after {:?}",
            answer.status,
            killed.elapsed()
        );
        if answer.status == 303 {
            break;
        }
        assert_eq!(answer.status, 503, "{}", answer.body);
    }
    for request in waiting {
        assert!(request.await.unwrap().is_err(), "a killed process answered");
    }
}

#[sqlx::test]
async fn in_a_burst_all_that_was_answered_is_stored_and_the_rest_can_be_sent_again(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    let mut process = scene.serve().await;
    let (url, gate) = (process.url.clone(), Arc::new(Semaphore::new(16)));
    let ids: Vec<String> = (0..400).map(|n| format!("burst-{n}")).collect();
    let pushes: Vec<_> = ids
        .iter()
        .map(|id| {
            let callback = scene.sim.encrypt_event(&event(id, "org_admin_add", id));
            let (url, gate) = (url.clone(), Arc::clone(&gate));
            tokio::spawn(async move {
                let _turn = gate.acquire_owned().await.unwrap();
                push(&url, &callback).await
            })
        })
        .collect();
    scene
        .wait_for_at_least("SELECT count(*) FROM event", 60)
        .await;
    process.kill();
    let (mut answered, mut lost) = (Vec::new(), Vec::new());
    for (id, answer) in ids.iter().zip(futures_util::future::join_all(pushes).await) {
        match answer.unwrap() {
            Some(answer) if answer.status == 200 && scene.sim.check_reply(&answer.body).is_ok() => {
                answered.push(id);
            }
            _ => lost.push(id),
        }
    }
    assert!(
        answered.len() > 30 && lost.len() > 30,
        "{} answered, {} lost",
        answered.len(),
        lost.len()
    );
    for id in &answered {
        assert_eq!(
            scene
                .number(&format!(
                    "SELECT count(*) FROM event WHERE dedupe_key = 'id:{id}'"
                ))
                .await,
            1,
            "{id}"
        );
    }
    let process: Process = scene.serve().await;
    for id in &lost {
        scene
            .deliver(&process, &event(id, "org_admin_add", id))
            .await;
    }
    assert_eq!(
        (
            scene.number("SELECT count(*) FROM event").await,
            scene.events("applied").await
        ),
        (400, 400)
    );
}

impl Scene {
    async fn wait_for_at_least(&self, statement: &str, number: i64) {
        eventually(statement, SOON, async || {
            self.number(statement).await >= number
        })
        .await;
    }
}

#[sqlx::test]
async fn a_claim_on_the_access_token_that_was_cut_off_holds_nobody_up(pool: PgPool) {
    let mut scene = Scene::new(&pool).await;
    // Binding the administrators at the start would fetch a token before the login does.
    scene.settings.remove("DINGGATE_ADMINS");
    let people = scene.people(2);
    scene.employ(&people).await;
    // Postgres carries the claim out after the login has given it up: it looks for the closed connection too late.
    scene
        .execute("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET client_connection_check_interval = %L', current_database(), '1h'); END $$")
        .await;
    let process = scene.serve().await;
    scene
        .execute(
            "DELETE FROM access_token;
             CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3); RETURN NEW; END $$;
             CREATE TRIGGER dawdle BEFORE INSERT ON access_token FOR EACH ROW EXECUTE FUNCTION dawdle()",
        )
        .await;
    let mut browser = scene.browser(&process);
    let answer = browser.scan(&people[0].unionid, "/").await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    // Waits for the claim.
    scene.execute("DROP TRIGGER dawdle ON access_token").await;
    scene
        .wait_for_number("SELECT count(*) FROM access_token", 1, SOON)
        .await;
    let begun = Instant::now();
    let answer = scene.browser(&process).scan(&people[1].unionid, "/").await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}
