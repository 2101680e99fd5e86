//! More events than DingTalk can be asked about one by one.

use std::time::{Duration, Instant};

use sqlx::PgPool;

use super::{Scene, USER_GET, event};

const EVENTS: i64 = 2_000;
const PEOPLE: usize = 30;
/// How often each person may be asked about.
const QUESTIONS: u64 = 6;

#[sqlx::test]
async fn a_full_inbox_becomes_few_questions_and_pushes_are_answered_meanwhile(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    let people = scene.people(PEOPLE);
    let userids: Vec<String> = people
        .iter()
        .map(|person| format!("'{}'", person.userid))
        .collect();
    scene
        .execute(&format!(
            "INSERT INTO event (dedupe_key, event_type, event_time, userids, body, state)
             SELECT 'id:' || n, 'user_add_org', now() - interval '1 hour' + n * interval '1 ms', ARRAY[id],
                 jsonb_build_object('EventType', 'user_add_org', 'UserId', ARRAY[id]), 'waiting'
             FROM generate_series(1, {EVENTS}) AS n, LATERAL (SELECT (ARRAY[{}])[1 + n % {PEOPLE}] AS id) AS person",
            userids.join(", ")
        ))
        .await;
    let begun = Instant::now();
    let process = scene.serve().await;
    let mut times = Vec::new();
    let mut pushed = 0;
    while scene.events("waiting").await > 0 {
        pushed += 1;
        let person = &people[pushed % PEOPLE];
        times.push(
            scene
                .deliver(
                    &process,
                    &event(
                        &format!("meanwhile-{pushed}"),
                        "user_modify_org",
                        &person.userid,
                    ),
                )
                .await,
        );
        assert!(
            begun.elapsed() < Duration::from_mins(1),
            "{} wait after {:?}",
            scene.events("waiting").await,
            begun.elapsed()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    times.sort_unstable();
    assert!(
        times.len() > 10 && times[times.len() / 2] < Duration::from_millis(500),
        "{times:?}"
    );
    assert_eq!(
        scene.events("applied").await,
        EVENTS + i64::try_from(pushed).unwrap()
    );
    assert_eq!(
        scene
            .number("SELECT count(*) FROM staff WHERE status = 'employed'")
            .await,
        i64::try_from(PEOPLE).unwrap()
    );
    assert_eq!(
        scene
            .number("SELECT count(*) FROM audit_entry WHERE action = 'staff.added'")
            .await,
        i64::try_from(PEOPLE).unwrap()
    );
    let calls = scene.sim.calls(USER_GET);
    // What came meanwhile may be asked about once each.
    let most = QUESTIONS * u64::try_from(PEOPLE).unwrap() + u64::try_from(pushed).unwrap();
    assert!(
        calls <= most,
        "{calls} questions, {pushed} pushed meanwhile, {:?}",
        begun.elapsed()
    );
}
