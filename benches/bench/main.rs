//! What the product's heavy duties take, each as a ratio to a yardstick of the same run. `make bench` runs it, and it
//! writes `docs/benchmarks.md`, a section for each part.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a measurement reads what the product wrote in its own way"
)]

mod browser;
mod callback;
mod company;
mod copy;
mod crypto;
mod document;
mod events;
mod load;
mod logins;
mod pages;
mod process;
mod program;
mod report;
mod server;
mod start;
mod storm;
mod sync;
mod yardstick;

use company::Size;
// The templates name its items by their path in the product.
use dinggate::http;
use document::{Document, say};
use sqlx::{Connection as _, PgConnection};

/// The parts, in the order in which they are measured: the longest last.
const PARTS: [&str; 7] = [
    "crypto", "start", "pages", "logins", "events", "storm", "sync",
];

fn main() {
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    if yardstick::serve() {
        return;
    }
    let asked = std::env::var("PARTS").unwrap_or_default();
    let asked: Vec<&str> = asked.split_whitespace().collect();
    for part in &asked {
        assert!(PARTS.contains(part), "no part is called {part}: {PARTS:?}");
    }
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let server = std::env::var("DATABASE_URL").unwrap();
        let document = Document::open(&server).await;
        for part in PARTS {
            if asked.is_empty() || asked.contains(&part) {
                println!("{part}");
                measure(part, &server, &document).await;
            }
        }
    });
}

async fn measure(part: &str, server: &str, document: &Document) {
    match part {
        "crypto" => crypto::measure(document).await,
        "start" => start::measure(&database(server, "start").await, document).await,
        "pages" => pages::measure(&database(server, "pages").await, document).await,
        "logins" => logins::measure(&database(server, "logins").await, document).await,
        "events" => measure_events(server, document).await,
        "storm" => {
            let logins = asked("LOGINS").unwrap_or(storm::LOGINS);
            storm::measure(&database(server, "storm").await, logins, document).await;
        }
        _ => {
            let size = Size {
                departments: asked("DEPARTMENTS").unwrap_or(sync::LARGE.departments),
                people: asked("PEOPLE").unwrap_or(sync::LARGE.people),
            };
            let small = database(server, "small").await;
            let large = database(server, "large").await;
            sync::measure([&small, &large], size, document).await;
        }
    }
}

async fn measure_events(server: &str, document: &Document) {
    events::measure(&database(server, "load").await, document).await;
    say("\nEvents, one after another");
    callback::measure(&database(server, "events").await).await;
    document.write_lines(
        "Single events",
        "An event sent alone, from the first byte to the encrypted reply, against the commit of a bare row.",
    );
}

fn asked(name: &str) -> Option<usize> {
    let text = std::env::var(name).unwrap_or_default();
    (!text.is_empty()).then(|| text.parse().unwrap())
}

/// Makes an empty database with the schema in place; returns its URL.
async fn database(server: &str, name: &str) -> String {
    let (root, _) = server.rsplit_once('/').unwrap();
    let mut conn = PgConnection::connect(server).await.unwrap();
    for statement in [
        format!("DROP DATABASE IF EXISTS bench_{name}"),
        format!("CREATE DATABASE bench_{name}"),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&mut conn)
            .await
            .unwrap();
    }
    let url = format!("{root}/bench_{name}");
    let mut conn = PgConnection::connect(&url).await.unwrap();
    dinggate::store::migrations::MIGRATOR
        .run(&mut conn)
        .await
        .unwrap();
    url
}
