//! Slow work of some does not keep others from Postgres, and ends when nobody waits for it any more.

use std::time::Duration;

use dingtalk_sim::company;
use futures_util::future::{join_all, select};
use sqlx::PgPool;

use super::{Process, SOON, Scene, event, push};
use crate::support::{Browser, eventually};

/// As long as slow requests are kept in flight.
const ATTACK: Duration = Duration::from_secs(4);

impl Scene {
    /// A scene whose clients have the addresses that they say.
    async fn with_addresses(pool: &PgPool) -> Self {
        let mut scene = Self::new(pool).await;
        for (name, value) in [
            ("DINGGATE_TRUSTED_PROXIES", "127.0.0.1"),
            ("DINGGATE_LOGIN_RATE", "100000/m"),
        ] {
            scene.settings.insert(name.to_owned(), value.to_owned());
        }
        scene
    }

    fn browser_at(&self, process: &Process, address: &str) -> Browser {
        let mut browser = self.browser(process);
        let header = ("x-forwarded-for", address.to_owned());
        browser.headers.push(header);
        browser
    }
}

/// Begins logins for ever, each of which waits for a locked table.
async fn begin_logins(browser: Browser) {
    loop {
        let answer = browser.clone().get("/login/qr?rd=/").await;
        assert_eq!(answer.status, 503, "{}", answer.body);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Runs the work while each of these browsers keeps so many slow requests in flight.
async fn beside_slow_requests(
    pool: &PgPool,
    browsers: Vec<Browser>,
    each: usize,
    work: impl Future<Output = ()>,
) {
    let mut lock = pool.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE login_state")
        .execute(&mut *lock)
        .await
        .unwrap();
    let attack = browsers
        .into_iter()
        .flat_map(|browser| (0..each).map(move |_| begin_logins(browser.clone())));
    let work = async {
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        eventually("requests wait for the lock", SOON, async || {
            #[expect(clippy::disallowed_methods, reason = "a fact about the server alone")]
            let waiting = sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool);
            waiting.await.unwrap() > 9
        })
        .await;
        work.await;
    };
    select(Box::pin(join_all(attack)), Box::pin(work)).await;
    lock.rollback().await.unwrap();
}

#[sqlx::test]
async fn slow_requests_of_one_client_keep_neither_pages_of_others_nor_callbacks_waiting(
    pool: PgPool,
) {
    let scene = Scene::with_addresses(&pool).await;
    scene.employ(&scene.people(1)).await;
    let process = scene.serve().await;
    let signed_in = scene.signed_in(&process, &scene.people(1)[0]).await;
    let mut other = scene.browser_at(&process, "198.51.100.2");
    other.cookies = signed_in.cookies;
    let attacker = scene.browser_at(&process, "198.51.100.1");
    let served = async {
        let end = tokio::time::Instant::now() + ATTACK;
        let mut served = 0;
        while tokio::time::Instant::now() < end {
            let page = other.get("/").await;
            assert_eq!(page.status, 200, "after {served}: {}", page.body);
            let event = event(&format!("beside-{served}"), "org_admin_add", "nobody");
            let callback = scene.sim.encrypt_event(&event);
            let answer = push(&process.url, &callback).await.expect("an answer");
            assert_eq!(answer.status, 200, "after {served}: {}", answer.body);
            served += 1;
        }
        // One that waits for another's place would take seconds.
        assert!(served >= 8, "only {served} in {ATTACK:?}");
    };
    beside_slow_requests(&pool, vec![attacker], 80, served).await;
}

#[sqlx::test]
async fn an_instance_stays_ready_while_slow_requests_of_many_clients_use_all_places(pool: PgPool) {
    let scene = Scene::with_addresses(&pool).await;
    let process = scene.serve().await;
    let attackers = (1..=30).map(|n| scene.browser_at(&process, &format!("198.51.100.{n}")));
    let is_ready = async {
        let end = tokio::time::Instant::now() + ATTACK;
        while tokio::time::Instant::now() < end {
            assert!(process.answers("/readyz", 200).await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    beside_slow_requests(&pool, attackers.collect(), 4, is_ready).await;
}

#[sqlx::test]
async fn a_statement_that_was_cut_off_ends_on_the_server(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    let process = scene.serve().await;
    scene
        .execute(
            "CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
             CREATE TRIGGER pause BEFORE INSERT ON login_state FOR EACH ROW EXECUTE FUNCTION pause();
             CREATE TRIGGER pause BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION pause()",
        )
        .await;
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    let (answers, ()) = tokio::join!(
        async {
            let callback = event("cut-off", "org_admin_add", company::EMPLOYEE);
            let callback = scene.sim.encrypt_event(&callback);
            let mut browser = scene.browser(&process);
            tokio::join!(browser.get("/login/qr?rd=/"), push(&process.url, &callback))
        },
        scene.wait_for_number(sleeping, 2, SOON)
    );
    assert_eq!(answers.0.status, 503, "{}", answers.0.body);
    assert_eq!(answers.1.expect("an answer").status, 503);
    scene.wait_for_number(sleeping, 0, SOON).await;
}
