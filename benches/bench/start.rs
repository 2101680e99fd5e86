//! From the start of the process to the first answer, memory, and what an idle instance asks of Postgres.

mod statements;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use dingtalk_sim::{Sim, SimConfig, SimHandle};
use sqlx::{Connection as _, PgConnection};

use crate::document::Document;
use crate::events::{self, yardstick::TABLE};
use crate::load::{self, Pattern};
use crate::report::{RATIOS, Ratio, median};
use crate::server::Server;
use crate::yardstick::{self, Part};

const ROUNDS: usize = 5;
/// After this an instance that has just started is idle.
const REST: Duration = Duration::from_secs(3);
const LOAD: Duration = Duration::from_secs(2);
const EVENTS: usize = 20_000;
const CONNECTIONS: usize = 64;

const METHOD: &str = "\
Start to ready is the time from the start of the process to the first `200` of `/readyz`, asked every 2 ms, with the schema
in place. Memory is what is resident: idle, three seconds after that, and after two seconds of recorded events at full
load. The yardstick is the minimal handler of the events, which connects to Postgres before it listens and answers
`/ready`. Each of five rounds starts both, one after the other.

The statements of an idle instance are counted for a minute, once, in Postgres's log of every statement, those that
begin or end a transaction included. Their yardstick is one poll a second.
";

/// What one server took in one round.
#[derive(Clone, Copy)]
struct Figures {
    start_ms: f64,
    idle_mb: f64,
    loaded_mb: f64,
}

/// Measures all rounds and writes the section.
pub async fn measure(database: &str, document: &Document) {
    let sim = Sim::start(SimConfig::default()).unwrap();
    prepare(database).await;
    // The first start stores the settings and is not measured.
    let begun = Server::dinggate(&sim, database, &[]).await;
    println!(
        "  the first start, which stores the settings: {:?}",
        begun.started_in
    );
    drop(begun);
    let mut rounds = Vec::new();
    for round in 1..=ROUNDS {
        let reference = use_up(yardstick::start(Part::Events, &sim, database).await, &sim).await;
        let own = use_up(Server::dinggate(&sim, database, &[]).await, &sim).await;
        println!(
            "  round {round} {:>6.0} ms {:>5.1} MB {:>5.1} MB  yardstick {:>6.0} ms {:>5.1} MB {:>5.1} MB",
            own.start_ms,
            own.idle_mb,
            own.loaded_mb,
            reference.start_ms,
            reference.idle_mb,
            reference.loaded_mb
        );
        rounds.push((own, reference));
    }
    let idle = Server::dinggate(&sim, database, &[]).await;
    let statements = statements::count(database).await;
    drop(idle);
    document.write(
        "Start and idle",
        &format!("{METHOD}\n{}\n{statements}", table(&rounds)),
    );
}

async fn prepare(database: &str) {
    let mut conn = PgConnection::connect(database).await.unwrap();
    // Somebody who has left: no first sync begins.
    let former = "INSERT INTO staff (userid, name, status, left_at, left_cause) VALUES ('former', 'former', 'left', now(), 'manual')";
    sqlx::raw_sql(former).execute(&mut conn).await.unwrap();
    sqlx::raw_sql(TABLE).execute(&mut conn).await.unwrap();
}

/// Lets a server rest, then gives it load.
async fn use_up(server: Server, sim: &SimHandle) -> Figures {
    tokio::time::sleep(REST).await;
    let idle_mb = server.memory();
    let requests: Vec<Arc<[u8]>> = (0..EVENTS)
        .map(|_| events::callback(sim, "org_admin_add"))
        .collect();
    let pattern = Pattern {
        connections: CONNECTIONS,
        time: LOAD,
        per_second: None,
    };
    let port = server.port;
    load::run(port, requests, pattern).await;
    Figures {
        start_ms: server.started_in.as_secs_f64() * 1e3,
        idle_mb,
        loaded_mb: server.memory(),
    }
}

fn table(rounds: &[(Figures, Figures)]) -> String {
    type Part = fn(&Figures) -> f64;
    let parts: [(&str, Part); 3] = [
        ("Start to ready (ms)", |f| f.start_ms),
        ("Memory, idle (MB)", |f| f.idle_mb),
        ("Memory, after load (MB)", |f| f.loaded_mb),
    ];
    let mut text = RATIOS.to_owned();
    let mut medians = String::from(
        "Medians of the run, which depend on the machine:\n\n| | Dinggate | Yardstick |\n| --- | --- | --- |\n",
    );
    for (name, part) in parts {
        let ratios = rounds
            .iter()
            .map(|(own, reference)| part(own) / part(reference));
        text += &Ratio::of(ratios.collect()).row(name, "none");
        let own = median(rounds.iter().map(|round| part(&round.0)).collect());
        let reference = median(rounds.iter().map(|round| part(&round.1)).collect());
        writeln!(medians, "| {name} | {own:.1} | {reference:.1} |").unwrap();
    }
    format!("{text}\n{medians}")
}
