//! The time of every list of the administration.

use std::fmt::Write as _;
use std::time::Instant;

use super::scene::Scene;
use crate::report::{median, percentile};

const LISTS: [&str; 17] = [
    "/admin/unmatched",
    "/admin/unmatched?state=all",
    "/admin/staff",
    "/admin/staff?q=%E7%8E%8B",
    "/admin/staff?sort=title&dir=desc&page=30",
    "/admin/departments",
    "/admin/departments?view=list",
    "/admin/events",
    "/admin/events?state=all",
    "/admin/events?state=all&sort=state&page=200",
    "/admin/syncs",
    "/admin/webhooks",
    "/admin/queue",
    "/admin/sessions",
    "/admin/apps",
    "/admin/audit",
    "/admin/audit?q=%E7%8E%8B",
];
const REQUESTS: usize = 20;
const TARGET_MS: f64 = 100.0;

/// Asks for every list by one connection, again and again; returns the table of their times.
pub async fn measure(scene: &Scene) -> String {
    let mut text = format!(
        "Every list, asked for {REQUESTS} times by a single client, in milliseconds; the target is a median below {TARGET_MS:.0}:\n\n\
         | List | Median | 95 of 100 | Target met |\n| --- | --- | --- | --- |\n"
    );
    for path in LISTS {
        scene.body(&scene.dinggate, path).await;
        let mut times = Vec::new();
        for _ in 0..REQUESTS {
            let begun = Instant::now();
            scene.body(&scene.dinggate, path).await;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        let (middle, high) = (median(times.clone()), percentile(times, 0.95));
        println!("  {path:<45} {middle:>7.1} ms  {high:>7.1} ms");
        let is_met = if middle < TARGET_MS { "yes" } else { "no" };
        writeln!(text, "| `{path}` | {middle:.1} | {high:.1} | {is_met} |").unwrap();
    }
    text
}
