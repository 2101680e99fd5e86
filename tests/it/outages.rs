//! Outages and kills: what was answered holds, what cannot be done is said in time, and all comes back by
//! itself.

mod bodies;
mod clock;
mod connections;
mod crash;
mod dingtalk;
mod full_inbox;
mod kills;
mod lost_line;
mod migrating;
pub mod own_postgres;
mod postgres;
pub mod process;
mod refusals;
mod rolling;
mod secrets;
mod shares;
mod stall;
mod standby;
mod start;
mod stop;
mod take_over;
mod tls;
mod wire;

use std::time::{Duration, Instant};

use dingtalk_sim::{Person, SignedCallback, SimHandle};
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, PgPool};

use super::support::{
    Answer, Browser, Settings, TestApp, eventually, free_port, reqwest_client, settings,
};
use process::Process;
use wire::Wire;

/// For what is not about speed.
const SOON: Duration = Duration::from_secs(20);

const USER_GET: &str = "/topapi/v2/user/get";
const REDEEM: &str = "/sns/getuserinfo_bycode";

/// A cloud, a database whose staff table is not empty, and settings for programs between them.
struct Scene {
    sim: SimHandle,
    pool: PgPool,
    settings: Settings,
}

impl Scene {
    /// Nobody who works here is in the table, and no first sync fetches them.
    async fn new(pool: &PgPool) -> Self {
        let scene = Self::without_staff(pool);
        scene.execute("INSERT INTO staff (userid, name, status, left_at, left_cause) VALUES ('former-0', '前同事', 'left', now(), 'manual')").await;
        scene
    }

    fn without_staff(pool: &PgPool) -> Self {
        let sim = TestApp::cloud();
        let database = pool.connect_options().to_url_lossy().to_string();
        let mut settings = settings(free_port(), &sim, &database);
        // What is printed where a test fails.
        settings.insert("DINGGATE_LOG".to_owned(), "info,dinggate=debug".to_owned());
        Self {
            settings,
            sim,
            pool: pool.clone(),
        }
    }

    /// Leads the connections to Postgres through a wire; the test's own go past it.
    fn wired(&mut self) -> Wire {
        let options = self.pool.connect_options();
        let wire = Wire::lay(options.get_host(), options.get_port());
        let database = PgPool::connect_options(&self.pool)
            .as_ref()
            .clone()
            .port(wire.port)
            .to_url_lossy()
            .to_string();
        self.settings.insert("DATABASE_URL".to_owned(), database);
        wire
    }

    /// A program that is ready.
    async fn serve(&self) -> Process {
        let process = Process::start(&self.settings);
        process.wait_until_ready().await;
        process
    }

    /// Another one on the same database and cloud, at an address of its own.
    async fn serve_another(&self) -> Process {
        let mut settings = self.settings.clone();
        settings.insert(
            "DINGGATE_LISTEN".to_owned(),
            format!("127.0.0.1:{}", free_port()),
        );
        let process = Process::start(&settings);
        process.wait_until_ready().await;
        process
    }

    /// Where the first program serves.
    fn url(&self) -> String {
        format!("http://{}", self.settings["DINGGATE_LISTEN"])
    }

    fn browser(&self, process: &Process) -> Browser {
        Browser::new(&process.url, self.sim.clone())
    }

    async fn signed_in(&self, process: &Process, person: &Person) -> Browser {
        let mut browser = self.browser(process);
        let answer = browser.scan(&person.unionid, "/").await;
        assert_eq!(
            (answer.status, answer.location()),
            (303, "/"),
            "{}",
            answer.body
        );
        browser
    }

    /// The first of the company.
    fn people(&self, count: usize) -> Vec<Person> {
        self.sim.people().into_iter().take(count).collect()
    }

    /// Puts people into the table, as a sync would have done.
    async fn employ(&self, people: &[Person]) {
        for person in people {
            let Person {
                userid,
                unionid,
                name,
                ..
            } = person;
            self.execute(&format!("INSERT INTO staff (userid, unionid, name) VALUES ('{userid}', '{unionid}', '{name}')")).await;
        }
    }

    async fn execute(&self, statement: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&self.pool)
            .await
            .unwrap();
    }

    async fn number(&self, statement: &str) -> i64 {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test reads what the product wrote in its own way"
        )]
        sqlx::query_scalar(sqlx::AssertSqlSafe(statement.to_owned()))
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    async fn wait_for_number(&self, statement: &str, number: i64, within: Duration) {
        eventually(&format!("{number} = {statement}"), within, async || {
            self.number(statement).await == number
        })
        .await;
    }

    async fn events(&self, state: &str) -> i64 {
        self.number(&format!(
            "SELECT count(*) FROM event WHERE state = '{state}'"
        ))
        .await
    }

    /// Pushes an event and expects the encrypted `success`; gives how long it took.
    async fn deliver(&self, process: &Process, event: &Value) -> Duration {
        let begun = Instant::now();
        let answer = push(&process.url, &self.sim.encrypt_event(event))
            .await
            .expect("an answer");
        let took = begun.elapsed();
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.sim.check_reply(&answer.body).unwrap();
        took
    }
}

/// Pushes a callback; nothing where the connection breaks.
async fn push(url: &str, callback: &SignedCallback) -> Option<Answer> {
    let url = format!("{url}/dingtalk/events?{}", callback.query);
    let answer = reqwest_client()
        .post(url)
        .body(callback.body.clone())
        .send()
        .await
        .ok()?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let bytes = answer.bytes().await.ok()?.to_vec();
    Some(Answer {
        status,
        headers,
        body: String::from_utf8_lossy(&bytes).into_owned(),
        bytes,
    })
}

/// An event about one person, known by an id of its own.
fn event(id: &str, event_type: &str, userid: &str) -> Value {
    json!({"eventId": id, "EventType": event_type, "UserId": [userid], "TimeStamp": now_millis().to_string()})
}

fn now_millis() -> i64 {
    dinggate::upstream::unix_millis()
}
