//! The service in a thread of its own, with its own connections, as it runs in earnest.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::LazyLock;
use std::thread::JoinHandle;
use std::time::Duration;

use dinggate::app::Application;
use dinggate::config::Config;
use dingtalk_sim::{Sim, SimConfig, SimHandle, company};
use sqlx::{ConnectOptions as _, PgPool};
use tokio::sync::oneshot;

use super::{Answer, Browser, eventually};

/// Settings by their names, as the environment would give them.
pub type Settings = BTreeMap<String, String>;

/// A port of this machine that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// The settings of a service on `port` that talks to `sim` and keeps its tables in `database`.
pub fn settings(port: u16, sim: &SimHandle, database: &str) -> Settings {
    let cloud = sim.config();
    let pairs = [
        ("DATABASE_URL", database.to_owned()),
        ("DINGGATE_PUBLIC_URL", format!("http://127.0.0.1:{port}")),
        ("DINGGATE_LISTEN", format!("127.0.0.1:{port}")),
        (
            "DINGGATE_SECRET_KEY",
            "c2VjcmV0LXNlY3JldC1zZWNyZXQt".repeat(4),
        ),
        ("DINGGATE_ADMINS", company::ADMIN.to_owned()),
        ("DINGTALK_CORP_ID", cloud.corp_id.clone()),
        ("DINGTALK_APP_KEY", cloud.app_key.clone()),
        ("DINGTALK_APP_SECRET", cloud.app_secret.clone()),
        ("DINGTALK_LOGIN_APP_ID", cloud.login_app_id.clone()),
        ("DINGTALK_LOGIN_APP_SECRET", cloud.login_app_secret.clone()),
        ("DINGTALK_CALLBACK_TOKEN", cloud.callback_token.clone()),
        ("DINGTALK_CALLBACK_AES_KEY", cloud.callback_aes_key.clone()),
        ("DINGTALK_OAPI_URL", sim.url()),
        ("DINGTALK_API_URL", sim.url()),
        ("DINGTALK_LOGIN_URL", sim.url()),
    ];
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A running service and the cloud it belongs to.
pub struct TestApp {
    pub url: String,
    pub port: u16,
    pub sim: SimHandle,
    /// Connections of the test's own.
    pub pool: PgPool,
    pub settings: Settings,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

impl TestApp {
    /// A service whose first sync has brought in the whole company.
    pub async fn spawn(pool: &PgPool) -> Self {
        let app = Self::spawn_with(pool, |_| {}).await;
        app.wait_for_first_sync().await;
        app
    }

    /// A service with changed settings, whose first sync may still be running.
    pub async fn spawn_with(pool: &PgPool, change: impl FnOnce(&mut Settings)) -> Self {
        Self::spawn_on(pool, Self::cloud(), change).await
    }

    /// A service whose staff table holds nobody who works here, and that does not fetch anybody by itself.
    pub async fn spawn_empty(pool: &PgPool, change: impl FnOnce(&mut Settings)) -> Self {
        sqlx::raw_sql("INSERT INTO staff (userid, name, status, left_at, left_cause) VALUES ('former-0', '前同事', 'left', now(), 'manual')")
            .execute(pool)
            .await
            .unwrap();
        Self::spawn_with(pool, change).await
    }

    /// A cloud whose repeats come quickly.
    pub fn cloud() -> SimHandle {
        Sim::start(SimConfig {
            retry_delays: vec![Duration::from_millis(300); 2],
            ..SimConfig::default()
        })
        .unwrap()
    }

    /// A service for a cloud that is already there; events of the cloud go to it.
    pub async fn spawn_on(
        pool: &PgPool,
        sim: SimHandle,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let port = free_port();
        let database = pool.connect_options().to_url_lossy().to_string();
        let mut settings = settings(port, &sim, &database);
        change(&mut settings);
        let url = format!("http://127.0.0.1:{port}");
        sim.set_callback_url(Some(&format!("{url}/dingtalk/events")));
        let mut app = Self {
            url,
            port,
            sim,
            pool: pool.clone(),
            settings,
            stop: None,
            thread: None,
        };
        app.start();
        app.wait_until_ready().await;
        app
    }

    /// A second service on the same database and cloud; events still go to the first.
    pub async fn another_instance(&self) -> Self {
        let port = free_port();
        let mut settings = self.settings.clone();
        settings.insert("DINGGATE_LISTEN".to_owned(), format!("127.0.0.1:{port}"));
        let (url, sim) = (format!("http://127.0.0.1:{port}"), self.sim.clone());
        let mut app = Self {
            url,
            port,
            sim,
            pool: self.pool.clone(),
            settings,
            stop: None,
            thread: None,
        };
        app.start();
        app.wait_until_ready().await;
        app
    }

    /// Starts the service again after [`TestApp::stop`].
    pub fn start(&mut self) {
        let config = Config::load(self.settings.clone(), |path| std::fs::read_to_string(path))
            .map_err(|faults| faults.to_string());
        let config = config.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        self.stop = Some(stop);
        self.thread = Some(std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                Application::build(config)?
                    .run_until(async {
                        stopped.await.ok();
                    })
                    .await
            })
        }));
    }

    /// Stops the service as SIGTERM does, and waits for it.
    pub async fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            tokio::task::spawn_blocking(move || thread.join().unwrap().unwrap())
                .await
                .unwrap();
        }
    }

    pub async fn wait_until_ready(&self) {
        eventually(
            "the service is ready",
            Duration::from_secs(20),
            async || {
                let answer = reqwest_client()
                    .get(format!("{}/readyz", self.url))
                    .send()
                    .await;
                answer.is_ok_and(|answer| answer.status() == 200)
            },
        )
        .await;
    }

    pub async fn wait_for_first_sync(&self) {
        let people = i64::try_from(self.sim.people().len()).unwrap();
        eventually(
            "the first sync has run",
            Duration::from_secs(30),
            async || {
                let done = self
                    .number("SELECT count(*) FROM sync_run WHERE state = 'done'")
                    .await;
                done > 0
                    && self
                        .number("SELECT count(*) FROM staff WHERE status = 'employed'")
                        .await
                        == people
            },
        )
        .await;
    }

    /// A browser without cookies.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.url, self.sim.clone())
    }

    /// A browser in which somebody has signed in by scanning.
    pub async fn signed_in(&self, userid: &str) -> Browser {
        let mut browser = self.browser();
        let unionid = self.sim.person(userid).unwrap().unionid;
        let answer = browser.scan(&unionid, "/").await;
        assert_eq!(
            (answer.status, answer.location()),
            (303, "/"),
            "{}",
            answer.body
        );
        browser
    }

    /// A browser of the administrator.
    pub async fn admin(&self) -> Browser {
        self.signed_in(company::ADMIN).await
    }

    /// Delivers an encrypted event and expects the encrypted `success`.
    pub async fn deliver(&self, event: &serde_json::Value) {
        let answer = self.push(&self.sim.encrypt_event(event)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.sim.check_reply(&answer.body).unwrap();
    }

    /// Sends a callback as it is.
    pub async fn push(&self, callback: &dingtalk_sim::SignedCallback) -> Answer {
        let url = format!("{}/dingtalk/events?{}", self.url, callback.query);
        let request = reqwest_client()
            .post(url)
            .header("content-type", "application/json")
            .body(callback.body.clone());
        Answer::read(request.send().await.unwrap()).await
    }

    /// The one number that a statement gives.
    pub async fn number(&self, statement: &str) -> i64 {
        number(&self.pool, statement).await
    }

    /// Renews the lease of a sync that no process carries out, until it ends or its lease does.
    pub fn keep_run_alive(&self, which: &'static str) {
        let pool = self.pool.clone();
        let renew = format!(
            "UPDATE sync_run SET lease_until = now() + interval '8 seconds'
             WHERE state = 'running' AND lease_until > now() AND {which}"
        );
        tokio::spawn(async move {
            loop {
                let renewed = sqlx::raw_sql(sqlx::AssertSqlSafe(renew.clone()));
                match renewed.execute(&pool).await {
                    Ok(done) if done.rows_affected() > 0 => {}
                    Ok(_) | Err(_) => return,
                }
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        });
    }

    /// `employed`, `left`, or nothing where the table does not hold the person.
    pub async fn status_of(&self, userid: &str) -> Option<String> {
        use sqlx::Row as _;
        #[expect(
            clippy::disallowed_methods,
            reason = "a test reads what the product wrote in its own way"
        )]
        let row = sqlx::query("SELECT status FROM staff WHERE userid = $1")
            .bind(userid)
            .fetch_optional(&self.pool)
            .await
            .unwrap();
        row.map(|row| row.get(0))
    }

    pub async fn wait_for_status(&self, userid: &str, status: Option<&str>, within: Duration) {
        eventually(&format!("{userid} is {status:?}"), within, async || {
            self.status_of(userid).await.as_deref() == status
        })
        .await;
    }

    /// Runs a statement of the test's own.
    pub async fn execute(&self, statement: &'static str) {
        sqlx::raw_sql(statement).execute(&self.pool).await.unwrap();
    }
}

pub async fn number(pool: &PgPool, statement: &str) -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    sqlx::query_scalar(sqlx::AssertSqlSafe(statement.to_owned()))
        .fetch_one(pool)
        .await
        .unwrap()
}

impl Drop for TestApp {
    /// Leaves nothing behind: the service is told to stop and waited for.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A failed service has already failed the test that asked something of it.
            let _ = thread.join();
        }
    }
}

/// A client that follows no redirect, asks no proxy, and keeps no connection: the runtimes of the tests
/// must not share any. It is built once, since reading the machine's certificates takes its time.
pub fn reqwest_client() -> reqwest::Client {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        client.pool_max_idle_per_host(0).build().unwrap()
    });
    CLIENT.clone()
}
