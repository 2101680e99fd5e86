//! What a sync prints: what it passed over or, run dry, would do; and its numbers in the last line.

use crate::service::directory_sync::plan::{Absent, Difference, Plan, Write};
use crate::service::directory_sync::{Skip, Summary};

/// The whole report; its last line holds the numbers.
pub fn text(summary: &Summary) -> String {
    let mut lines = Vec::new();
    if let Some(plan) = &summary.plan {
        lines.extend(planned(plan));
    }
    lines.extend(summary.skips.iter().map(skipped));
    lines.push(numbers(summary));
    lines.join("\n") + "\n"
}

fn numbers(summary: &Summary) -> String {
    let Summary {
        added,
        changed,
        returned,
        left,
        unchanged,
        ..
    } = summary;
    let skipped = summary.skipped();
    format!(
        "added={added} changed={changed} returned={returned} left={left} unchanged={unchanged} skipped={skipped}"
    )
}

fn planned(plan: &Plan) -> impl Iterator<Item = String> {
    let added = plan.added.iter().map(|write| person("would add", write));
    let changed = plan
        .changed
        .iter()
        .map(|write| person("would change", write));
    let returned = plan
        .returned
        .iter()
        .map(|write| person("would bring back", write));
    let leavers = plan
        .leavers
        .iter()
        .map(|absent| gone("would mark as left", absent));
    let held_back = plan
        .held_back
        .iter()
        .map(|absent| gone("would hold back", absent));
    added
        .chain(changed)
        .chain(returned)
        .chain(leavers)
        .chain(held_back)
}

fn person(what: &str, write: &Write) -> String {
    let differences: Vec<String> = write.differences.iter().map(difference).collect();
    let colon = if differences.is_empty() { "" } else { ": " };
    let name = printable(&write.person.name);
    format!(
        "{what} {} {name}{colon}{}",
        printable(write.person.userid.as_str()),
        differences.join(", ")
    )
}

fn gone(what: &str, absent: &Absent) -> String {
    format!(
        "{what} {} {}",
        printable(absent.userid.as_str()),
        printable(&absent.name)
    )
}

/// Phone numbers and addresses stay out of terminals and mails of cron.
fn difference(difference: &Difference) -> String {
    let Difference { field, old, new } = difference;
    match *field {
        "mobile" | "email" | "avatar" => (*field).to_owned(),
        _ => format!("{field} \"{}\" -> \"{}\"", printable(old), printable(new)),
    }
}

fn skipped(skip: &Skip) -> String {
    let userid = skip
        .userid
        .as_ref()
        .map_or("a record without userid", |userid| userid.as_str());
    format!("passed over {}: {}", printable(userid), skip.reason)
}

/// A name is chosen by its bearer: it must not steer the terminal or pass for another line.
fn printable(text: &str) -> String {
    text.replace(char::is_control, " ")
}
