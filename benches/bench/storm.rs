//! A storm of logins: everybody wants in within the same minute.

use std::time::{Duration, Instant};

use dingtalk_sim::SimHandle;
use tokio::task::JoinSet;

use crate::browser::{Browser, http_client, login_settings};
use crate::company::{self, BUDGET_PER_SECOND, DINGTALK_LIMIT, Size};
use crate::document::Document;
use crate::load;
use crate::report::{RATIOS, Ratio, percentile};
use crate::server::Server;

pub const LOGINS: usize = 2_000;
const DEPARTMENTS: usize = 40;
const MINUTE: Duration = Duration::from_mins(1);
/// Each login makes one call to each of these.
const APIS: [&str; 2] = ["/sns/getuserinfo_bycode", "/topapi/user/getbyunionid"];

/// What came of a storm.
struct Storm {
    took: Duration,
    /// Seconds from a person's scan to the session, the time until the page asks again included.
    waits: Vec<f64>,
    tries: usize,
    scans: usize,
}

/// Lets so many people sign in, once, and writes the section.
pub async fn measure(database: &str, logins: usize, document: &Document) {
    let size = Size {
        departments: DEPARTMENTS,
        people: logins,
    };
    let sim = company::start(size, DINGTALK_LIMIT);
    let dinggate = Server::dinggate(&sim, database, &login_settings(&sim)).await;
    company::wait_for_first_sync(database, size).await;
    sim.reset_calls();
    let (cloud, root) = (sim.clone(), dinggate.url());
    let storm = load::on_pinned_thread(move || sign_in_all(cloud, root)).await;
    let calls = APIS.map(|api| sim.calls(api));
    println!(
        "  {logins} logins in {:.1} s, calls {calls:?}",
        storm.took.as_secs_f64()
    );
    document.write("Login storm", &section(&storm, logins, calls));
}

async fn sign_in_all(sim: SimHandle, root: String) -> Storm {
    let people = sim.people();
    let http = http_client();
    let begun = Instant::now();
    let mut browsers = JoinSet::new();
    let interval = MINUTE / u32::try_from(people.len()).unwrap();
    for (number, person) in people.into_iter().enumerate() {
        let (sim, mut browser) = (sim.clone(), Browser::new(&http, &root, number));
        let due = begun + interval * u32::try_from(number).unwrap();
        browsers.spawn(async move {
            tokio::time::sleep_until(due.into()).await;
            let login = browser.sign_in(&sim, &person.unionid).await;
            (due.elapsed().as_secs_f64(), login)
        });
    }
    let ended = browsers.join_all().await;
    Storm {
        took: begun.elapsed(),
        tries: ended.iter().map(|(_, login)| login.tries).sum(),
        scans: ended.iter().map(|(_, login)| login.scans).sum(),
        waits: ended.into_iter().map(|(wait, _)| wait).collect(),
    }
}

fn section(storm: &Storm, logins: usize, calls: [u64; 2]) -> String {
    let least = (logins as f64 / BUDGET_PER_SECOND).max(MINUTE.as_secs_f64());
    let took = storm.took.as_secs_f64();
    let wait = |share| percentile(storm.waits.clone(), share);
    let row = Ratio::once(took / least).row("Time until the last has a session", "none");
    format!(
        "\
{logins} people scan within a minute, evenly, each in a new browser and from another IP address, at a simulated DingTalk
with its own limit. Who is asked to come back later does so, as the page does automatically. The yardstick is the time that
the budget needs for one call to each API for each login, 18 a second, but at least the minute of their arrival: {least:.0} s. Once, for the budget bounds it.

{RATIOS}{row}
The last session began after {took:.0} s. A person waited {:.1} s (median), {:.1} s (95 of 100), {:.1} s at most, and
returned {:.1} times on average. {} had to scan again. Calls of the two APIs: {} and {}.
",
        wait(0.5),
        wait(0.95),
        wait(1.0),
        storm.tries as f64 / logins as f64,
        storm.scans - logins,
        calls[0],
        calls[1],
    )
}
