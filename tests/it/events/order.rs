//! In which order waiting events are looked up, and how many lookups they cost.

use std::time::{Duration, Instant};

use dinggate::config::Config;
use dinggate::service::events;
use dinggate::store::{Conn, event};
use dingtalk_sim::{Fault, NewPerson, PersonChange, Scope, company};
use serde_json::Value;
use sqlx::PgPool;

use super::{APPLIED, SOON, USER_GET, about, all_worked, tell};
use crate::support::{TestApp, eventually};

/// A service that asks DingTalk about nobody but those whom events name.
async fn app(pool: &PgPool) -> TestApp {
    TestApp::spawn_empty(pool, |settings| {
        settings.remove("DINGGATE_ADMINS");
    })
    .await
}

/// The userids of so many people other than those with a part of their own in the tests.
fn colleagues(app: &TestApp, count: usize) -> Vec<String> {
    let missing = (count + 3).saturating_sub(app.sim.people().len());
    app.sim.hire_many_quietly(missing).unwrap();
    let people = app.sim.people().into_iter().map(|person| person.userid);
    let others = people.filter(|userid| userid != company::EMPLOYEE && userid != company::ADMIN);
    let userids: Vec<String> = others.take(count).collect();
    assert_eq!(userids.len(), count);
    userids
}

async fn tell_all(app: &TestApp, events: &[Value]) {
    for group in events.chunks(8) {
        futures_util::future::join_all(group.iter().map(|event| tell(app, event))).await;
    }
}

async fn waiting(app: &TestApp) -> i64 {
    app.number("SELECT count(*) FROM event WHERE state = 'waiting'")
        .await
}

/// Changes somebody's title and waits until the staff table has it.
async fn change_is_applied_in_time(app: &TestApp, userid: &str, title: &str) {
    let change = PersonChange {
        title: Some(title.to_owned()),
        ..PersonChange::default()
    };
    app.sim.change_quietly(userid, change).unwrap();
    let begun = Instant::now();
    tell(app, &about("user_modify_org", &[userid])).await;
    let seen = format!("SELECT count(*) FROM staff WHERE title = '{title}'");
    eventually(&seen, SOON, async || app.number(&seen).await == 1).await;
    assert!(
        begun.elapsed() < APPLIED,
        "{title}: after {:?}",
        begun.elapsed()
    );
}

/// The same order in each run, and no order of its own.
fn shuffled<T>(mut items: Vec<T>) -> Vec<T> {
    let mut state: u64 = 7;
    for last in (1..items.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).unwrap() % (last + 1);
        items.swap(last, other);
    }
    items
}

#[sqlx::test]
async fn people_outside_the_scope_delay_nobody_elses_change_and_are_asked_about_less_often(
    pool: PgPool,
) {
    let app = app(&pool).await;
    let outside = colleagues(&app, 100);
    app.sim.set_scope(Scope {
        departments: Vec::new(),
        users: vec![company::EMPLOYEE.to_owned()],
    });
    let events: Vec<Value> = outside
        .iter()
        .map(|userid| about("user_modify_org", &[userid]))
        .collect();
    tell_all(&app, &events).await;
    let refused =
        "SELECT count(*) FROM event WHERE state = 'waiting' AND last_error LIKE '%50002%'";
    eventually(
        "all have been refused",
        Duration::from_secs(30),
        async || app.number(refused).await == 100,
    )
    .await;
    super::employ(&app, company::EMPLOYEE).await;
    for title in ["组员", "组长", "主任"] {
        change_is_applied_in_time(&app, company::EMPLOYEE, title).await;
    }
    // Within these seconds any other failure would have been tried three times.
    let asked: u64 = outside
        .iter()
        .map(|userid| app.sim.calls_about(USER_GET, userid))
        .sum();
    assert!(asked <= 160, "{asked} lookups of 100 people");
    assert_eq!(app.number(refused).await, 100);
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'waiting' AND (attempts <> refusals OR next_attempt_at < received_at + interval '10 seconds')")
            .await,
        0
    );
}

#[sqlx::test]
async fn what_was_outside_the_scope_is_applied_once_it_is_inside(pool: PgPool) {
    let app = app(&pool).await;
    app.sim.set_scope(Scope::departments(&[]));
    tell(&app, &about("user_add_org", &[company::EMPLOYEE])).await;
    eventually("it was refused", SOON, async || {
        app.number("SELECT count(*) FROM event WHERE state = 'waiting' AND last_error LIKE '%50002%' AND claimed_by IS NULL")
            .await
            == 1
    })
    .await;
    app.sim.set_scope(Scope::all());
    app.execute("UPDATE event SET next_attempt_at = now()")
        .await;
    app.wait_for_status(company::EMPLOYEE, Some("employed"), SOON)
        .await;
}

#[sqlx::test]
async fn an_event_about_three_hundred_people_delays_nobody_elses_change(pool: PgPool) {
    let app = app(&pool).await;
    super::employ(&app, company::EMPLOYEE).await;
    let many = colleagues(&app, 300);
    let ids: Vec<&str> = many.iter().map(String::as_str).collect();
    for event_type in ["user_modify_org", "user_add_org"] {
        tell(&app, &about(event_type, &ids)).await;
    }
    eventually("they are being looked up", SOON, async || {
        app.sim.calls(USER_GET) > 6
    })
    .await;
    for title in ["组员", "组长"] {
        change_is_applied_in_time(&app, company::EMPLOYEE, title).await;
    }
    assert_eq!(
        app.number(
            "SELECT count(*) FROM event WHERE state = 'waiting' AND cardinality(userids) = 300"
        )
        .await,
        2,
        "they are still being looked up"
    );
    let before = app.sim.calls(USER_GET);
    eventually("they get on", SOON, async || {
        app.sim.calls(USER_GET) > before + 6
    })
    .await;
}

#[sqlx::test]
async fn joins_go_before_changes(pool: PgPool) {
    let app = app(&pool).await;
    let changed = colleagues(&app, 40);
    // Three at a time, so that forty take some four seconds.
    let slow = Fault::Delay(Duration::from_millis(300));
    app.sim.fault(USER_GET, slow);
    let events: Vec<Value> = changed
        .iter()
        .map(|userid| about("user_modify_org", &[userid]))
        .collect();
    tell_all(&app, &events).await;
    let done = "SELECT count(*) FROM event WHERE state = 'applied'";
    let before = app.number(done).await;
    tell(&app, &about("user_add_org", &[company::EMPLOYEE])).await;
    app.wait_for_status(company::EMPLOYEE, Some("employed"), SOON)
        .await;
    let overtook = app.number(done).await - before - 1;
    assert!(before + overtook < 40, "{before} were done before it came");
    // Those that were under way, and as many again while the test was looking.
    assert!(overtook <= 9, "{overtook} changes went before it");
}

/// Sixty events have failed once, and what comes now is answered slowly.
async fn with_sixty_failures(pool: &PgPool) -> TestApp {
    let app = app(pool).await;
    super::employ(&app, company::EMPLOYEE).await;
    let failing = colleagues(&app, 60);
    app.sim.fault(USER_GET, Fault::sub_code("60011"));
    let events: Vec<Value> = failing
        .iter()
        .map(|userid| about("user_add_org", &[userid]))
        .collect();
    tell_all(&app, &events).await;
    eventually("all have failed", Duration::from_secs(20), async || {
        app.number("SELECT count(*) FROM event WHERE last_error IS NOT NULL AND claimed_by IS NULL")
            .await
            > 55
    })
    .await;
    app.sim.clear_faults();
    app.sim
        .fault(USER_GET, Fault::Delay(Duration::from_millis(300)));
    app
}

#[sqlx::test]
async fn first_tries_go_before_retries(pool: PgPool) {
    let app = with_sixty_failures(&pool).await;
    app.execute("UPDATE event SET next_attempt_at = now() WHERE claimed_by IS NULL")
        .await;
    change_is_applied_in_time(&app, company::EMPLOYEE, "组员").await;
    assert!(waiting(&app).await > 20, "the retries come later");
}

#[sqlx::test]
async fn many_failed_events_that_an_administrator_retries_delay_nobody_elses_change(pool: PgPool) {
    let app = with_sixty_failures(&pool).await;
    app.execute(
        "UPDATE event SET state = 'failed' WHERE last_error IS NOT NULL AND claimed_by IS NULL",
    )
    .await;
    let mut conn = Conn::single(pool.acquire().await.unwrap().detach());
    assert!(event::retry_all_failed(&mut conn).await.unwrap().count > 55);
    change_is_applied_in_time(&app, company::EMPLOYEE, "组员").await;
    assert!(waiting(&app).await > 20, "the retries come later");
}

#[sqlx::test]
async fn many_events_about_one_person_in_any_order_cost_one_or_two_lookups(pool: PgPool) {
    let app = app(&pool).await;
    let busy = colleagues(&app, 3);
    app.sim
        .fault_times(USER_GET, Fault::Delay(Duration::from_millis(2500)), 3);
    for userid in &busy {
        tell(&app, &about("user_modify_org", &[userid])).await;
    }
    eventually("all places are taken", SOON, async || {
        app.sim.calls(USER_GET) == 3
    })
    .await;
    let storm = ["user_modify_org", "user_active_org", "user_add_org"]
        .repeat(10)
        .into_iter()
        .map(|event_type| about(event_type, &[company::EMPLOYEE]));
    tell_all(&app, &shuffled(storm.collect())).await;
    all_worked(&app).await;
    let lookups = app.sim.calls_about(USER_GET, company::EMPLOYEE);
    assert!((1..=2).contains(&lookups), "{lookups} lookups");
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("employed")
    );
}

#[sqlx::test]
async fn a_shuffled_burst_costs_one_lookup_for_each_person(pool: PgPool) {
    let mut app = app(&pool).await;
    let people = colleagues(&app, 180);
    app.stop().await;
    let burst = people.iter().flat_map(|userid| {
        ["user_add_org", "user_active_org", "user_modify_org"]
            .map(|event_type| about(event_type, &[userid]))
    });
    // A process that stores and answers, and ends before its workers get to it.
    let config = Config::load(app.settings.clone(), |path| std::fs::read_to_string(path))
        .map_err(|faults| faults.to_string());
    let ctx = dinggate::app::context(config.unwrap()).unwrap();
    for event in shuffled(burst.collect()) {
        let callback = app.sim.encrypt_event(&event);
        events::receive(&ctx, &callback.query, callback.body.as_bytes())
            .await
            .unwrap();
    }
    ctx.db.close().await;
    assert_eq!(waiting(&app).await, 540);
    app.sim.reset_calls();
    app.start();
    eventually("all are applied", Duration::from_mins(1), async || {
        waiting(&app).await == 0
    })
    .await;
    assert_eq!(
        app.number("SELECT count(*) FROM staff WHERE status = 'employed'")
            .await,
        180
    );
    assert_eq!(app.sim.calls(USER_GET), 180);
}

#[sqlx::test]
async fn of_an_event_about_several_people_only_those_who_failed_are_looked_up_again(pool: PgPool) {
    let app = app(&pool).await;
    let people = colleagues(&app, 6);
    app.sim.fault_times(USER_GET, Fault::Http(500), 1);
    let ids: Vec<&str> = people.iter().map(String::as_str).collect();
    tell(&app, &about("user_add_org", &ids)).await;
    all_worked(&app).await;
    assert_eq!(app.sim.calls(USER_GET), 7);
    assert_eq!(
        app.number("SELECT count(*) FROM staff WHERE status = 'employed'")
            .await,
        6
    );
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'applied' AND attempts = 2")
            .await,
        1
    );
}

#[sqlx::test]
async fn instances_share_the_events_and_the_order(pool: PgPool) {
    let app = app(&pool).await;
    let other = app.another_instance().await;
    super::employ(&app, company::EMPLOYEE).await;
    let outside = colleagues(&app, 60);
    app.sim.set_scope(Scope {
        departments: Vec::new(),
        users: vec![company::EMPLOYEE.to_owned(), company::ADMIN.to_owned()],
    });
    app.sim
        .fault(USER_GET, Fault::Delay(Duration::from_millis(300)));
    let ids: Vec<&str> = outside.iter().map(String::as_str).collect();
    tell(&app, &about("user_modify_org", &ids)).await;
    let events: Vec<Value> = outside
        .iter()
        .map(|userid| about("user_modify_org", &[userid]))
        .collect();
    tell_all(&other, &events).await;
    tell(&other, &about("user_add_org", &[company::ADMIN])).await;
    app.wait_for_status(company::ADMIN, Some("employed"), APPLIED)
        .await;
    assert!(
        app.number("SELECT count(*) FROM event WHERE state = 'waiting' AND last_error IS NULL")
            .await
            > 1,
        "changes still wait"
    );
    app.sim.clear_faults();
    eventually("all have been tried", Duration::from_secs(20), async || {
        app.number("SELECT count(*) FROM event WHERE attempts = 0 OR claimed_by IS NOT NULL")
            .await
            == 0
    })
    .await;
    for (door, title) in [(&app, "组员"), (&other, "组长")] {
        change_is_applied_in_time(door, company::EMPLOYEE, title).await;
    }
}

#[sqlx::test]
async fn refused_looks_delay_nobody_elses_look(pool: PgPool) {
    let app = app(&pool).await;
    colleagues(&app, 80);
    // Somebody whom a leave event names by mistake, and many whose logins were answered with 60121.
    let person = app.sim.hire_quietly(NewPerson::named("韩梅梅")).unwrap();
    super::employ(&app, &person.userid).await;
    app.sim.set_scope(Scope {
        departments: Vec::new(),
        users: vec![person.userid.clone()],
    });
    let refused = app.sim.people();
    let values: Vec<String> = refused
        .iter()
        .filter(|one| one.userid != person.userid)
        .take(80)
        .map(|one| format!("'{}'", one.userid))
        .collect();
    let many = format!(
        "SELECT schedule_recheck('person', ARRAY[{}], 'login', ARRAY[now()], false)",
        values.join(", ")
    );
    #[expect(clippy::disallowed_methods, reason = "rows as the product leaves them")]
    sqlx::query(sqlx::AssertSqlSafe(many))
        .execute(&app.pool)
        .await
        .unwrap();
    eventually("all were refused", Duration::from_secs(30), async || {
        app.number(
            "SELECT count(*) FROM subject_recheck WHERE last_error LIKE '%50002%' AND claimed_by IS NULL",
        )
        .await
            == 80
    })
    .await;
    let asked = app.sim.calls(USER_GET);
    tell(&app, &about("user_leave_org", &[&person.userid])).await;
    app.wait_for_status(&person.userid, Some("left"), APPLIED)
        .await;
    app.execute("UPDATE subject_recheck SET due_at = now() WHERE 'leave' = ANY (reasons)")
        .await;
    app.wait_for_status(&person.userid, Some("employed"), APPLIED)
        .await;
    assert!(
        app.sim.calls(USER_GET) < asked + 60,
        "refused looks are repeated less often"
    );
}

#[sqlx::test]
async fn a_result_that_cannot_be_stored_costs_no_other_lookup(pool: PgPool) {
    let app = app(&pool).await;
    let people = colleagues(&app, 3);
    app.sim
        .fault_times(USER_GET, Fault::Delay(Duration::from_secs(1)), 3);
    for userid in &people {
        tell(&app, &about("user_modify_org", &[userid])).await;
    }
    eventually("all three are being looked up", SOON, async || {
        app.sim.calls(USER_GET) == 3
    })
    .await;
    let mut other = app.pool.begin().await.unwrap();
    let first = format!(
        "SELECT FROM event WHERE userids = ARRAY['{}'] FOR UPDATE",
        people[0]
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(first))
        .execute(&mut *other)
        .await
        .unwrap();
    eventually("the other two are applied", SOON, async || {
        app.number("SELECT count(*) FROM event WHERE state = 'applied'")
            .await
            == 2
    })
    .await;
    other.rollback().await.unwrap();
    for userid in &people[1..] {
        assert_eq!(app.sim.calls_about(USER_GET, userid), 1, "{userid}");
    }
    all_worked(&app).await;
}
