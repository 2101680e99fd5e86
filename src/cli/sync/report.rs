//! What a sync prints: what it passed over or, run dry, would do; and its numbers in the last line.

use crate::service::directory_sync::Summary;
use crate::store::sync_list::{ChangeRow, FieldChange};

/// The last line: the numbers.
pub fn numbers(summary: &Summary) -> String {
    let Summary {
        added,
        changed,
        returned,
        left,
        unchanged,
        skipped,
        ..
    } = summary;
    format!(
        "added={added} changed={changed} returned={returned} left={left} unchanged={unchanged} skipped={skipped}"
    )
}

/// One line about one record of a plan.
pub fn record(record: &ChangeRow) -> String {
    let what = match record.kind.as_str() {
        "added" => "would add",
        "changed" => "would change",
        "returned" => "would bring back",
        "left" => "would mark as left",
        "held_back" => "would hold back",
        "department_added" => "would add department",
        "department_changed" => "would change department",
        "department_removed" => "would remove department",
        _ => return skipped(record),
    };
    let dept_id = record.dept_id.map(|id| id.to_string());
    let id = record.userid.as_ref().or(dept_id.as_ref());
    let parts = id
        .into_iter()
        .chain(&record.name)
        .map(|text| printable(text));
    let parts: Vec<String> = std::iter::once(what.to_owned()).chain(parts).collect();
    let differences: Vec<String> = record.differences.iter().map(difference).collect();
    let colon = if differences.is_empty() { "" } else { ": " };
    format!("{}{colon}{}", parts.join(" "), differences.join(", "))
}

/// Phone numbers and addresses stay out of terminals and mails of cron.
fn difference(difference: &FieldChange) -> String {
    let FieldChange { field, old, new } = difference;
    match field.as_str() {
        "mobile" | "email" | "avatar" => field.clone(),
        _ => format!("{field} \"{}\" -> \"{}\"", printable(old), printable(new)),
    }
}

fn skipped(record: &ChangeRow) -> String {
    let what = match (&record.userid, record.dept_id) {
        (Some(userid), _) => printable(userid),
        (None, Some(dept_id)) => format!("department {dept_id}"),
        (None, None) => "a record without userid".to_owned(),
    };
    let reason = record.reason.as_deref().unwrap_or_default();
    format!("passed over {what}: {reason}")
}

/// A name is chosen by its bearer: it must not steer the terminal or pass for another line.
fn printable(text: &str) -> String {
    text.replace(char::is_control, " ")
}
