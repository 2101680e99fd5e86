//! QR logins end to end, as many as are answered, against a minimal handler.

pub mod yardstick;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dingtalk_sim::SimHandle;
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinSet;

use crate::browser::{Browser, http_client, login_settings};
use crate::company::{self, Size};
use crate::document::Document;
use crate::load;
use crate::report::{RATIOS, Ratio, median};
use crate::server::Server;
use crate::yardstick::Part;

const ROUNDS: usize = 5;
const LOAD: Duration = Duration::from_secs(3);
/// Fewer than the calls that logins may have in flight.
const BROWSERS: usize = 12;
const COMPANY: Size = Size {
    departments: 20,
    people: 1_000,
};
/// A DingTalk that refuses nothing.
const UNLIMITED: usize = 1_000_000;

const METHOD: &str = "\
A login is two requests of a new browser: `/login/qr`, which begins it, and `/login/callback` with the code of a scan,
which ends with a session. The budget of 18 calls a second is lifted: the simulated DingTalk refuses nothing, and in
`acquire_permit` the spacing of calls is 0 instead of 57 ms. The rate limit of clients is out of reach, and the generator is a
trusted proxy, so that each login has an address of its own; permits and slots are as they are.

The yardstick is a minimal actix-web handler: it stores a state, and on the return deletes it, makes the same two calls to
DingTalk with the same client, stores a session and redirects. It has no permits, decides nothing, checks no browser and
keeps no audit trail. Each of five rounds measures both in turn, three seconds each, by 12 browsers at a time, each login
from another IP address. The generator is one thread, pinned to the last core; the simulated DingTalk may use all cores.
How many logins the budget allows is the next section.
";

/// Measures all rounds and writes the section.
pub async fn measure(database: &str, document: &Document) {
    let sim = company::start(COMPANY, UNLIMITED);
    let dinggate = Server::dinggate(&sim, database, &login_settings(&sim)).await;
    company::wait_for_first_sync(database, COMPANY).await;
    lift_budget(database).await;
    let yardstick = crate::yardstick::start(Part::Logins, &sim, database).await;
    let mut rounds = Vec::new();
    for round in 1..=ROUNDS {
        let reference = per_second(&sim, &yardstick).await;
        let own = per_second(&sim, &dinggate).await;
        println!("  round {round} {own:>7.0} logins/s  yardstick {reference:>7.0}");
        rounds.push((own, reference));
    }
    let ratios = rounds.iter().map(|(own, reference)| own / reference);
    let row = Ratio::of(ratios.collect()).row("Logins per second", "none");
    let own = median(rounds.iter().map(|round| round.0).collect());
    let reference = median(rounds.iter().map(|round| round.1).collect());
    document.write(
        "Logins",
        &format!(
            "{METHOD}\n{RATIOS}{row}\nMedians of the run: {own:.0} logins a second, yardstick {reference:.0}.\n"
        ),
    );
}

/// Makes calls to DingTalk without any time between them.
async fn lift_budget(database: &str) {
    let mut conn = PgConnection::connect(database).await.unwrap();
    let function: String =
        sqlx::query_scalar("SELECT pg_get_functiondef('acquire_permit'::regproc)")
            .fetch_one(&mut conn)
            .await
            .unwrap();
    let lifted = function.replace("'57 milliseconds'", "'0 milliseconds'");
    assert_ne!(function, lifted);
    sqlx::raw_sql(sqlx::AssertSqlSafe(lifted))
        .execute(&mut conn)
        .await
        .unwrap();
}

/// What the browsers share.
struct Plan {
    sim: SimHandle,
    http: reqwest::Client,
    root: String,
    unionids: Vec<String>,
    next: AtomicUsize,
    end: Instant,
}

async fn per_second(sim: &SimHandle, server: &Server) -> f64 {
    let (sim, root) = (sim.clone(), server.url());
    load::on_pinned_thread(move || sign_in_all(sim, root)).await
}

async fn sign_in_all(sim: SimHandle, root: String) -> f64 {
    let begun = Instant::now();
    let plan = Arc::new(Plan {
        unionids: sim
            .people()
            .into_iter()
            .map(|person| person.unionid)
            .collect(),
        sim,
        http: http_client(),
        root,
        next: AtomicUsize::new(0),
        end: begun + LOAD,
    });
    let mut browsers = JoinSet::new();
    for _ in 0..BROWSERS {
        browsers.spawn(sign_in_again_and_again(Arc::clone(&plan)));
    }
    browsers.join_all().await;
    plan.next.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

async fn sign_in_again_and_again(plan: Arc<Plan>) {
    while Instant::now() < plan.end {
        let number = plan.next.fetch_add(1, Ordering::Relaxed);
        let unionid = &plan.unionids[number % plan.unionids.len()];
        let mut browser = Browser::new(&plan.http, &plan.root, number);
        browser.sign_in(&plan.sim, unionid).await;
    }
}
