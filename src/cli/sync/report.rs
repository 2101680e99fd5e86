//! Output of a sync: skipped records, or in a dry run the planned changes.

use crate::store::sync_list::{ChangeRow, FieldChange};
use crate::text::commands::sync as texts;
use crate::text::lang::Lang;
use crate::text::skip::skip_reason;

/// Returns one line for one record of a plan.
pub fn record(record: &ChangeRow) -> String {
    let Some(what) = texts::planned(record.kind) else {
        return skipped(record);
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

/// Keeps phone numbers and email addresses out of terminals and cron mails.
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
        (None, Some(dept_id)) => texts::department(dept_id),
        (None, None) => texts::RECORD_WITHOUT_USERID.to_owned(),
    };
    let reason = record.reason.as_ref();
    let reason = reason.map_or_else(String::new, |reason| skip_reason(Lang::En, reason));
    texts::skipped(&what, &reason)
}

/// Removes control characters: people choose their own names, which must not control the terminal or look like
/// another line.
fn printable(text: &str) -> String {
    text.replace(char::is_control, " ")
}
