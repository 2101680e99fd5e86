//! Texts of `dinggate sync`.

use crate::domain::sync::{ChangeKind, SyncCounts, SyncState};
use crate::text::messages;

messages! {
    NO_REASON = "no reason was given";
    RECORD_WITHOUT_USERID = "a record without userid";
    /// Returns the line for a skipped record.
    skipped(what, reason) = "passed over {what}: {reason}";
    NOT_PRINTED = "the result could not be printed";
    reading(done, total, people) = "reading: {done} of {total} departments, {people} people";
    asking(done, total) = "asking about absent people: {done} of {total}";
    writing(done, total) = "writing: {done} of {total}";
    department(dept_id) = "department {dept_id}";
}

/// Returns the last line: the counts.
pub fn counts(counts: &SyncCounts) -> String {
    let SyncCounts {
        added,
        changed,
        returned,
        left,
        unchanged,
        skipped,
        ..
    } = counts;
    format!(
        "added={added} changed={changed} returned={returned} left={left} unchanged={unchanged} skipped={skipped}"
    )
}

/// Returns what a dry run would do with a record, or `None` if it skips the record.
pub fn planned(kind: ChangeKind) -> Option<&'static str> {
    Some(match kind {
        ChangeKind::Added => "would add",
        ChangeKind::Changed => "would change",
        ChangeKind::Returned => "would bring back",
        ChangeKind::Left => "would mark as left",
        ChangeKind::Withheld => "would hold back",
        ChangeKind::DepartmentAdded => "would add department",
        ChangeKind::DepartmentChanged => "would change department",
        ChangeKind::DepartmentRemoved => "would remove department",
        ChangeKind::Skipped => return None,
    })
}

/// Returns why a run, or a dry run, counts as failed; `None` if everything was read and done.
pub fn failure(state: SyncState, is_dry_run: bool, problem: &str) -> Option<String> {
    Some(match (state, is_dry_run) {
        (SyncState::Done | SyncState::Running, _) => return None,
        (SyncState::Partial, false) => format!(
            "the directory could not be read whole, so nobody was marked as left: {problem}"
        ),
        (SyncState::Partial, true) => format!(
            "the directory could not be read whole, so a sync would mark nobody as left: {problem}"
        ),
        (SyncState::Failed, false) => format!("nothing was done: {problem}"),
        (SyncState::Failed, true) => format!("nothing could be planned: {problem}"),
        (SyncState::Stopped, false) => format!(
            "nobody was marked as left: {problem} (DINGGATE_SYNC_MAX_LEAVERS); \
             `dinggate sync --dry-run` prints who they are, `dinggate sync --accept-leavers` marks them as left"
        ),
        (SyncState::Stopped, true) => format!(
            "a sync would mark nobody as left: {problem} (DINGGATE_SYNC_MAX_LEAVERS); \
             `dinggate sync --accept-leavers` marks those as left who are printed above"
        ),
    })
}
