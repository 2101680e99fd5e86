//! Texts of the checks of `dinggate doctor`.

pub mod callback;
pub mod database;
pub mod dingtalk;
pub mod login_page;
pub mod permissions;
pub mod records;
pub mod settings;

use crate::text::messages;

messages! {
    OK = "ok";
    WARNING = "warning";
    FAILURE = "failure";
    SKIPPED = "not checked";
    /// The last line; warnings and failures have their units.
    totals(ok, warnings, failures, skipped) = "{ok} ok, {warnings}, {failures}, {skipped} not checked";
}
