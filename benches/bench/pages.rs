//! Pages: the portal and a list of the administration against a minimal handler, and the time of every list.

mod lists;
mod portal;
mod scene;
mod staff;
pub mod yardstick;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::document::Document;
use crate::load::{self, Pattern};
use crate::report::{RATIOS, Ratio, median};
use crate::server::Server;
use scene::Scene;

const ROUNDS: usize = 5;
const LOAD: Duration = Duration::from_secs(2);
/// Fewer than Dinggate's connections to Postgres, so that no request waits for one.
const CONNECTIONS: usize = 16;
/// More requests in a load than any server answers.
const MOST_REQUESTS: usize = 40_000;

const METHOD: &str = "\
A company of 3,000 people in 200 departments, with 300 former employees, 20 apps, 20,000 events, 3,000 sessions, 50,000
entries of the audit trail, 2,000 cases of review, 2,000 webhook messages and 300 syncs.

The yardstick is a minimal actix-web handler: it takes one of 20 connections, runs the statements of the page one after
the other by the same functions (that of the session included), renders the same template and answers. It has no
session middleware, no signature to check, no limits, no log and no security headers. Each of five rounds measures both
in turn on the portal of an employee and on `/admin/staff` of an administrator, two seconds each; the generator is one
thread, pinned to the last core, with 16 keep-alive connections. The lengths of both bodies differ by
100 bytes at most.
";

/// The pages that are compared.
#[derive(Clone, Copy)]
enum Page {
    Portal,
    Staff,
}

impl Page {
    const ALL: [Self; 2] = [Self::Portal, Self::Staff];

    fn path(self) -> &'static str {
        match self {
            Self::Portal => "/",
            Self::Staff => "/admin/staff",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Portal => "Portal, requests per second",
            Self::Staff => "`/admin/staff`, requests per second",
        }
    }
}

/// Measures all rounds and all lists, and writes the section.
pub async fn measure(database: &str, document: &Document) {
    let scene = Scene::open(database).await;
    for page in Page::ALL {
        scene.compare_bodies(page).await;
    }
    let mut rounds = Vec::new();
    for round in 1..=ROUNDS {
        let mut figures = Vec::new();
        for page in Page::ALL {
            let yardstick = per_second(&scene, &scene.yardstick, page).await;
            let dinggate = per_second(&scene, &scene.dinggate, page).await;
            println!(
                "  round {round} {:<14} {dinggate:>7.0} pages/s  yardstick {yardstick:>7.0}",
                page.path()
            );
            figures.push((dinggate, yardstick));
        }
        rounds.push(figures);
    }
    let lists = lists::measure(&scene).await;
    document.write("Pages", &format!("{METHOD}\n{}\n{lists}", table(&rounds)));
}

async fn per_second(scene: &Scene, server: &Server, page: Page) -> f64 {
    let request: Arc<[u8]> = scene.request(page).into_bytes().into();
    let requests = vec![request; MOST_REQUESTS];
    let pattern = Pattern {
        connections: CONNECTIONS,
        time: LOAD,
        per_second: None,
    };
    let port = server.port;
    let load = load::run(port, requests, pattern).await;
    load.latencies.len() as f64 / load.took.as_secs_f64()
}

/// Returns the table of the ratios and that of the medians.
fn table(rounds: &[Vec<(f64, f64)>]) -> String {
    let mut text = RATIOS.to_owned();
    let mut medians = String::from(
        "Medians of the run, which depend on the machine:\n\n| | Dinggate | Yardstick |\n| --- | --- | --- |\n",
    );
    for (index, page) in Page::ALL.into_iter().enumerate() {
        let ratios = rounds.iter().map(|round| round[index].0 / round[index].1);
        text += &Ratio::of(ratios.collect()).row(page.name(), "none");
        let dinggate = median(rounds.iter().map(|round| round[index].0).collect());
        let yardstick = median(rounds.iter().map(|round| round[index].1).collect());
        writeln!(
            medians,
            "| {} | {dinggate:.0} | {yardstick:.0} |",
            page.name()
        )
        .unwrap();
    }
    format!("{text}\n{medians}")
}
