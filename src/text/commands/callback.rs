//! Texts of `dinggate callback`.

use crate::text::messages;

messages! {
    OURS = "ours";
    NONE = "none";
    ANSWER_LOST = "an answer of DingTalk's was lost, and events with it: run `dinggate sync`";
    not_ours(our_url) = "not ours, which is {our_url}";
    same_url(url) = "{url} (as before)";
    replaced_url(old, new) = "{old} -> {new} (the old URL was not ours, and gets no more events)";
    fetched(count, known, table, before, parked) =
        "fetched {count}, of which {known} were known already\n{table}parked before: {before}\n{parked}";
    released(count) = "released {count}\n";
    previous_reader_lost() = "{ANSWER_LOST} (the reader before this one was cut off)";
    none_registered(failure) =
        "{failure}: DingTalk lists what it could not deliver to a callback that is registered by API; `dinggate callback register` registers ours";
    list_unfinished(failure) = "the list was not read to its end: {failure}";
    more(count) = " and {count} more";
    NOT_AN_EVENT_TYPE = "not an event type, such as user_add_org";
}

/// Shows nothing of a token or a key, not even its length.
const HIDDEN: &str = "********";

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
