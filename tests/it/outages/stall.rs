//! Postgres stands still for a moment, again and again, while the program is busy. With
//! `DINGGATE_TEST_BINARY` this attacks another build of the program, such as a release.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dingtalk_sim::SignedCallback;
use futures_util::future::{BoxFuture, join_all};
use futures_util::{StreamExt as _, stream};
use sqlx::PgPool;

use super::own_postgres::OwnPostgres;
use super::process::run_to_the_end;
use super::{Process, SOON, Scene, USER_GET, event, push};
use crate::support::Browser;

/// Long enough to cut work off at its time limit or in a wait for a connection.
const STALLS: [u64; 6] = [740, 1000, 800, 900, 850, 950];
/// Within this after a stall everything is served.
const RECOVERY: Duration = Duration::from_secs(2);
const SESSIONS: usize = 5;
/// Made beforehand, so that the program and not the test is what is busy.
const CALLBACKS: usize = 3_000;

/// What the program has acknowledged.
#[derive(Default)]
struct Acknowledged {
    events: Mutex<Vec<String>>,
    /// States of begun logins, and the cookies of the browser that began each.
    states: Mutex<Vec<(String, HashMap<String, String>)>>,
    is_over: AtomicBool,
    /// A transaction of a push would end one that was left open, so that nobody saw it.
    has_pause: AtomicBool,
}

struct Load<'a> {
    scene: &'a Scene,
    url: String,
    acknowledged: Arc<Acknowledged>,
    callbacks: Mutex<Vec<(String, SignedCallback)>>,
}

impl Load<'_> {
    /// Pushes one event; true where it was acknowledged.
    async fn push(&self, id: &str, callback: &SignedCallback) -> bool {
        let answer = push(&self.url, callback).await;
        let is_acknowledged = answer.is_some_and(|answer| {
            answer.status == 200 && self.scene.sim.check_reply(&answer.body).is_ok()
        });
        if is_acknowledged {
            self.acknowledged.events.lock().unwrap().push(id.to_owned());
        }
        is_acknowledged
    }

    /// Begins one login; true where the browser was sent on to DingTalk.
    async fn begin(&self) -> bool {
        let mut browser = Browser::new(&self.url, self.scene.sim.clone());
        let answer = browser.get("/login/qr?rd=/").await;
        if answer.status != 302 {
            return false;
        }
        let target = url::Url::parse(answer.location()).unwrap();
        let state = target.query_pairs().find(|(name, _)| name == "state");
        let state = state.unwrap().1.into_owned();
        let begun = (state, browser.cookies);
        self.acknowledged.states.lock().unwrap().push(begun);
        true
    }

    async fn push_on(&self) {
        while !self.acknowledged.is_over.load(Ordering::Relaxed) {
            if self.acknowledged.has_pause.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            let next = self.callbacks.lock().unwrap().pop();
            let Some((id, callback)) = next else { return };
            self.push(&id, &callback).await;
        }
    }

    async fn begin_on(&self) {
        while !self.acknowledged.is_over.load(Ordering::Relaxed) {
            self.begin().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn read_on(&self, mut browser: Browser) {
        while !self.acknowledged.is_over.load(Ordering::Relaxed) {
            browser.get("/").await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Most are applied when they are stored; DingTalk is asked about every tenth.
fn callbacks(scene: &Scene) -> Vec<(String, SignedCallback)> {
    let (people, begun) = (scene.people(SESSIONS), super::now_millis());
    let made = (0..CALLBACKS).map(|n| {
        let (id, userid) = (format!("stall-{n}"), &people[n % SESSIONS].userid);
        let event_type = if n % 10 == 0 {
            "user_modify_org"
        } else {
            "org_admin_add"
        };
        let mut event = event(&id, event_type, userid);
        // Two of one type about one person in the same millisecond would be the same event.
        event["TimeStamp"] = (begun + i64::try_from(n).unwrap()).to_string().into();
        (id, scene.sim.encrypt_event(&event))
    });
    made.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_around_stalls_is_stored_and_all_is_served_two_seconds_later() {
    let postgres = OwnPostgres::start().await;
    let pool = PgPool::connect(&postgres.url()).await.unwrap();
    let mut scene = Scene::without_staff(&pool);
    scene
        .settings
        .insert("DINGGATE_LOGIN_RATE".to_owned(), "100000/m".to_owned());
    run_to_the_end(&scene.settings, &["migrate"]).await;
    scene.employ(&scene.people(SESSIONS)).await;
    let process = scene.serve().await;
    let people = scene.people(SESSIONS);
    let browsers = join_all(
        people
            .iter()
            .map(|person| scene.signed_in(&process, person)),
    )
    .await;
    let load = Load {
        scene: &scene,
        url: process.url.clone(),
        acknowledged: Arc::default(),
        callbacks: Mutex::new(callbacks(&scene)),
    };
    let stalls = async {
        let mut over = Instant::now();
        let pause = &load.acknowledged.has_pause;
        for millis in STALLS {
            pause.store(false, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(400)).await;
            postgres.stall(Duration::from_millis(millis)).await;
            over = Instant::now();
            pause.store(true, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(900)).await;
            assert_no_transaction_is_left_open(&scene).await;
        }
        load.acknowledged.is_over.store(true, Ordering::Relaxed);
        over
    };
    let workers = join_all((0..24).map(|_| load.push_on()));
    let logins = join_all((0..8).map(|_| load.begin_on()));
    let pages = join_all(browsers.iter().map(|browser| load.read_on(browser.clone())));
    let (over, ..) = tokio::join!(stalls, workers, logins, pages);
    tokio::time::sleep(RECOVERY.saturating_sub(over.elapsed())).await;
    assert_all_are_served(&load, &browsers).await;
    assert_no_transaction_is_left_open(&scene).await;
    assert_all_is_stored(&scene, &load.acknowledged).await;
    assert_calls_go_out(&scene, &process).await;
}

/// A hundred requests, ten at a time.
async fn assert_all_are_served(load: &Load<'_>, browsers: &[Browser]) {
    let requests = (0..100).map(|n: usize| -> BoxFuture<'_, (&str, bool)> {
        let mut browser = browsers[n % SESSIONS].clone();
        Box::pin(async move {
            match n % 3 {
                0 => ("page", browser.get("/").await.status == 200),
                1 => ("begun login", load.begin().await),
                _ => {
                    let id = format!("after-{n}");
                    let event = event(&id, "org_admin_add", "nobody");
                    let callback = load.scene.sim.encrypt_event(&event);
                    ("push", load.push(&id, &callback).await)
                }
            }
        })
    });
    let served: Vec<_> = stream::iter(requests).buffer_unordered(10).collect().await;
    let refused: Vec<_> = served.iter().filter(|(_, is_served)| !is_served).collect();
    assert!(refused.is_empty(), "not served: {refused:?}");
}

async fn assert_no_transaction_is_left_open(scene: &Scene) {
    let open = "SELECT count(*) FROM pg_stat_activity
        WHERE state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '500 milliseconds'";
    assert_eq!(scene.number(open).await, 0, "idle in transaction");
}

async fn assert_all_is_stored(scene: &Scene, acknowledged: &Acknowledged) {
    let events = std::mem::take(&mut *acknowledged.events.lock().unwrap());
    let keys: Vec<String> = events.iter().map(|id| format!("'id:{id}'")).collect();
    let stored = format!(
        "SELECT count(*) FROM event WHERE dedupe_key IN ({})",
        keys.join(", ")
    );
    assert_eq!(
        scene.number(&stored).await,
        i64::try_from(events.len()).unwrap(),
        "acknowledged events that are stored"
    );
    let states = std::mem::take(&mut *acknowledged.states.lock().unwrap());
    let mut lost = 0;
    for (state, cookies) in &states {
        // Without a code the state is used and nobody asks DingTalk.
        let mut browser = Browser::new(&scene.url(), scene.sim.clone());
        browser.cookies.clone_from(cookies);
        let answer = browser.get(&format!("/login/callback?state={state}")).await;
        assert!(answer.status < 500, "{}", answer.body);
        lost += usize::from(answer.body.contains("This sign-in is no longer valid"));
    }
    assert_eq!(lost, 0, "lost states of {} begun logins", states.len());
    assert!(
        events.len() > 60 && states.len() > 60,
        "too little was going on: {} events, {} logins",
        events.len(),
        states.len()
    );
}

/// No lock was left behind on the shared pace of calls.
async fn assert_calls_go_out(scene: &Scene, process: &Process) {
    let (calls, person) = (scene.sim.calls(USER_GET), &scene.people(1)[0]);
    scene
        .deliver(process, &event("last", "user_modify_org", &person.userid))
        .await;
    scene
        .wait_for_number(
            "SELECT count(*) FROM event WHERE dedupe_key = 'id:last' AND state = 'applied'",
            1,
            SOON,
        )
        .await;
    assert!(scene.sim.calls(USER_GET) > calls);
}
