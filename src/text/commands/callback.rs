//! Texts of `dinggate callback`.

/// Shows nothing of a token or a key, not even its length.
const HIDDEN: &str = "********";

pub const OURS: &str = "ours";
pub const NONE: &str = "none";
pub const ANSWER_LOST: &str =
    "an answer of DingTalk's was lost, and events with it: run `dinggate sync`";

pub fn not_ours(our_url: &str) -> String {
    format!("not ours, which is {our_url}")
}

/// Returns a secret without its value, and whether it is that of a setting.
pub fn secret(is_ours: bool, setting: &str) -> String {
    let verdict = if is_ours { "as in" } else { "NOT as in" };
    format!("{HIDDEN} ({verdict} {setting})")
}

/// Returns a secret without its value, and whether it was replaced.
pub fn replaced_secret(is_same: bool) -> String {
    let verdict = if is_same { "as before" } else { "replaced" };
    format!("{HIDDEN} ({verdict})")
}

pub fn same_url(url: &str) -> String {
    format!("{url} (as before)")
}

pub fn replaced_url(old: &str, new: &str) -> String {
    format!("{old} -> {new} (the old URL was not ours, and gets no more events)")
}

pub fn fetched(count: usize, known: usize, table: &str, before: usize, parked: &str) -> String {
    format!(
        "fetched {count}, of which {known} were known already\n{table}parked before: {before}\n{parked}"
    )
}

pub fn released(count: usize) -> String {
    format!("released {count}\n")
}

pub fn previous_reader_lost() -> String {
    format!("{ANSWER_LOST} (the reader before this one was cut off)")
}

pub fn none_registered(failure: &str) -> String {
    format!(
        "{failure}: DingTalk lists what it could not deliver to a callback that is registered by API; \
         `dinggate callback register` registers ours"
    )
}

pub fn list_unfinished(failure: &str) -> String {
    format!("the list was not read to its end: {failure}")
}

pub fn more(count: usize) -> String {
    format!(" and {count} more")
}
