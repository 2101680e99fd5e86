//! Events: Dinggate's `/dingtalk/events` against a minimal handler, in one run on one machine.

mod scene;
pub mod yardstick;

use std::fmt::Write as _;
use std::time::Duration;

use crate::document::Document;
use crate::report::{self, Ratio};
use scene::{Scene, Target};

pub use scene::callback;

/// The targets of one round follow each other, so that a ratio compares what met the same machine.
const ROUNDS: usize = 5;
const FULL_LOAD: Duration = Duration::from_secs(2);
const HALF_LOAD: Duration = Duration::from_secs(2);

/// What one target did in one round.
#[derive(Clone, Copy)]
struct Figures {
    per_second: f64,
    /// Microseconds for each event.
    app_cpu: f64,
    postgres_cpu: f64,
    p99_ms: f64,
    /// Answers 503 at full load.
    refused: usize,
}

/// The text before the table; the rest of it is measured.
const METHOD: &str = "\
The yardstick is a minimal actix-web handler: it verifies and decrypts the callback with the same code, inserts one row
(type and body, no index but the primary key) in a transaction of its own and sends the encrypted reply. Dinggate runs
as `dinggate serve` with its default settings. Both are release builds with their own tables in the same Postgres,
which writes to the disk at each commit. *Recorded* events (`org_admin_add`) are stored and nothing else; *directory*
events (`user_modify_org`, each of another person) also wait for a lookup. DingTalk accepts connections and never
answers, so the lookups do not disturb: the three calls in flight hang, and the workers claim little more.

The generator is one thread, pinned to the last core, with 128 keep-alive connections and callbacks signed beforehand;
Dinggate, the yardstick and Postgres may use all cores. Each of five rounds measures the yardstick, recorded and
directory events in turn: two seconds at full load, where each connection sends its next event as soon as the last is
acknowledged, then two seconds at half of that rate for the p99, which counts from when an event was due, or from when the generator's timer woke if that was later. CPU is from
`/proc`: that of the process, and that of all of Postgres's processes.
";

/// Measures all rounds and writes the section of the report.
pub async fn measure(database: &str, document: &Document) {
    let scene = Scene::open(database).await;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let mut figures = Vec::new();
        for target in [Target::Yardstick, Target::Recorded, Target::Directory] {
            let measured = measure_target(&scene, target).await;
            println!(
                "  round {} {:<10} {:>7.0} events/s  app {:>6.1} us  postgres {:>6.1} us  p99 {:>6.2} ms  503: {}",
                round + 1,
                target.name(),
                measured.per_second,
                measured.app_cpu,
                measured.postgres_cpu,
                measured.p99_ms,
                measured.refused
            );
            figures.push(measured);
        }
        rounds.push(figures);
    }
    document.write("Events", &section(&rounds));
}

async fn measure_target(scene: &Scene, target: Target) -> Figures {
    scene.settle().await;
    let before = scene.cpu(target);
    let full = scene.send(target, FULL_LOAD, None).await;
    let after = scene.cpu(target);
    let events = full.latencies.len() as f64;
    let per_second = events / full.took.as_secs_f64();
    scene.settle().await;
    let half = scene.send(target, HALF_LOAD, Some(per_second / 2.0)).await;
    Figures {
        per_second,
        app_cpu: (after.app - before.app) * 1e6 / events,
        postgres_cpu: (after.postgres - before.postgres) * 1e6 / events,
        p99_ms: half.p99().as_secs_f64() * 1e3,
        refused: full.refused,
    }
}

fn section(rounds: &[Vec<Figures>]) -> String {
    type Part = fn(&Figures) -> f64;
    let parts: [(&str, Part, [&str; 2]); 4] = [
        ("Events per second", |f| f.per_second, ["≥ 2.0", "≥ 1.5"]),
        (
            "Dinggate's CPU per event",
            |f| f.app_cpu,
            ["≤ 1.0", "≤ 1.5"],
        ),
        (
            "Postgres's CPU per event",
            |f| f.postgres_cpu,
            ["≤ 0.5", "≤ 1.0"],
        ),
        ("p99 at half load", |f| f.p99_ms, ["none", "none"]),
    ];
    let refused: usize = rounds.iter().flatten().map(|figures| figures.refused).sum();
    let mut text = format!(
        "{METHOD}An event answered 503 is sent again, as DingTalk does: here {refused} in all.\n\n"
    );
    text +=
        "| Ratio to the yardstick | Recorded | Spread | Target | Directory | Spread | Target |\n";
    text += "| --- | --- | --- | --- | --- | --- | --- |\n";
    for (name, part, targets) in parts {
        write!(text, "| {name} |").unwrap();
        for (index, target) in [1, 2].into_iter().zip(targets) {
            let of = |round: &Vec<Figures>| part(&round[index]) / part(&round[0]);
            let ratio = Ratio::of(rounds.iter().map(of).collect());
            write!(text, " {ratio} | {} | {target} |", ratio.spread()).unwrap();
        }
        text += "\n";
    }
    text += "\nMedians of the run, which depend on the machine:\n\n";
    text += "| | Yardstick | Recorded | Directory |\n| --- | --- | --- | --- |\n";
    let units = ["", " (µs)", " (µs)", " (ms)"];
    for ((name, part, _), unit) in parts.into_iter().zip(units) {
        write!(text, "| {}{unit} |", name.replace("Dinggate's", "Server's")).unwrap();
        for index in 0..3 {
            let values = rounds.iter().map(|round| part(&round[index])).collect();
            write!(
                text,
                " {:.*} |",
                usize::from(unit == " (ms)"),
                report::median(values)
            )
            .unwrap();
        }
        text += "\n";
    }
    text
}
