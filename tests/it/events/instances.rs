//! Several instances on one database, and instances that die.

use std::time::{Duration, Instant};

use dinggate::config::Config;
use dinggate::service::events;
use dingtalk_sim::{Fault, company};
use sqlx::PgPool;

use super::{SOON, USER_GET, about, all_worked, tell};
use crate::support::{TestApp, eventually};

/// A service that asks DingTalk about nobody but those whom events name.
async fn app(pool: &PgPool) -> TestApp {
    TestApp::spawn_empty(pool, |settings| {
        settings.remove("DINGGATE_ADMINS");
    })
    .await
}

#[sqlx::test]
async fn what_was_stored_before_a_kill_is_applied_after_it(pool: PgPool) {
    let mut app = app(&pool).await;
    app.stop().await;
    // A process that stores and answers, and is killed before its workers get to it.
    let config = Config::load(app.settings.clone(), |path| std::fs::read_to_string(path))
        .map_err(|faults| faults.to_string());
    let ctx = dinggate::app::context(config.unwrap()).unwrap();
    let callback = app
        .sim
        .encrypt_event(&about("user_add_org", &[company::EMPLOYEE]));
    events::receive(&ctx, &callback.query, callback.body.as_bytes())
        .await
        .unwrap();
    ctx.db.close().await;
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'waiting'")
            .await,
        1
    );
    app.start();
    app.wait_for_status(company::EMPLOYEE, Some("employed"), SOON)
        .await;
    all_worked(&app).await;
}

#[sqlx::test]
async fn work_of_a_dead_instance_is_taken_over_within_ten_seconds(pool: PgPool) {
    let app = app(&pool).await;
    app.sim.fault(USER_GET, Fault::Hang);
    tell(&app, &about("user_add_org", &[company::EMPLOYEE])).await;
    eventually("the event is claimed", SOON, async || {
        app.number("SELECT count(*) FROM event WHERE claimed_by IS NOT NULL")
            .await
            == 1
    })
    .await;
    // The same row as a process leaves it that is killed in this moment: nobody will renew the claim.
    app.execute("UPDATE event SET claimed_by = gen_random_uuid()")
        .await;
    app.sim.clear_faults();
    let start = Instant::now();
    app.wait_for_status(company::EMPLOYEE, Some("employed"), Duration::from_secs(10))
        .await;
    all_worked(&app).await;
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'applied' AND attempts = 2")
            .await,
        1
    );
}

#[sqlx::test]
async fn a_claim_is_renewed_while_an_instance_works_on_it(pool: PgPool) {
    let app = app(&pool).await;
    let other = app.another_instance().await;
    // Longer than a claim holds by itself: several slow answers in a row.
    app.sim
        .fault(USER_GET, Fault::Delay(Duration::from_millis(2500)));
    let people: Vec<String> = app
        .sim
        .people()
        .iter()
        .map(|person| person.userid.clone())
        .take(13)
        .collect();
    let ids: Vec<&str> = people.iter().map(String::as_str).collect();
    tell(&app, &about("user_add_org", &ids)).await;
    eventually(
        "all have been asked about",
        Duration::from_secs(30),
        async || {
            app.number("SELECT count(*) FROM event WHERE state = 'waiting'")
                .await
                == 0
        },
    )
    .await;
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE attempts = 1 AND state = 'applied'")
            .await,
        1
    );
    assert_eq!(app.sim.calls(USER_GET), 13);
    drop(other);
}

#[sqlx::test]
async fn two_instances_share_the_work_and_do_none_of_it_twice(pool: PgPool) {
    let app = app(&pool).await;
    let other = app.another_instance().await;
    let people: Vec<String> = app
        .sim
        .people()
        .iter()
        .map(|person| person.userid.clone())
        .take(20)
        .collect();
    app.sim.reset_calls();
    for (n, id) in people.iter().enumerate() {
        let door = if n % 2 == 0 { &app } else { &other };
        tell(door, &about("user_add_org", &[id])).await;
    }
    all_worked(&app).await;
    assert_eq!(app.sim.calls(USER_GET), 20);
    assert_eq!(
        app.number("SELECT count(*) FROM staff WHERE status = 'employed'")
            .await,
        20
    );
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'applied' AND attempts = 1")
            .await,
        20
    );
}

#[sqlx::test]
async fn stopping_gives_the_work_back_at_once(pool: PgPool) {
    let mut app = app(&pool).await;
    app.sim
        .fault(USER_GET, Fault::Delay(Duration::from_millis(1500)));
    let people: Vec<String> = app
        .sim
        .people()
        .iter()
        .map(|person| person.userid.clone())
        .take(12)
        .collect();
    for id in &people {
        tell(&app, &about("user_add_org", &[id])).await;
    }
    eventually("work is under way", SOON, async || {
        app.sim.calls(USER_GET) > 0
    })
    .await;
    let start = Instant::now();
    app.stop().await;
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE claimed_by IS NOT NULL")
            .await,
        0
    );
    let done = app
        .number("SELECT count(*) FROM event WHERE state = 'applied'")
        .await;
    assert_eq!(
        app.number("SELECT count(*) FROM staff WHERE status = 'employed'")
            .await,
        done
    );
    assert!(done < 12);
    app.sim.clear_faults();
    app.start();
    all_worked(&app).await;
    assert_eq!(
        app.number("SELECT count(*) FROM staff WHERE status = 'employed'")
            .await,
        12
    );
}
