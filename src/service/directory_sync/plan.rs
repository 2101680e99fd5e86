//! Computes the plan of a full sync from the tables and DingTalk's responses; pure.
//!
//! People are planned in chunks of consecutive userids; the chunk size does not affect the result. Only conflicts
//! over a unionid are decided for all affected people at once.

mod departments;
mod desired;
mod difference;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::skip::Skip;
use crate::domain::employment::{Authority, Current, Decision, Observation, Reason, Row, decide};
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::{LeftCause, Person, Status};
use crate::domain::skip_reason::SkipReason;
use crate::domain::unionid_claims::UnionidClaims;
use crate::store::directory::StoredPerson;

pub use departments::{DepartmentPlan, DesiredDepartment, plan as departments};
pub use desired::DesiredPerson;
pub use difference::{Difference, between_departments};

/// Properties of the run that affect its plan.
pub struct PlanOptions<'a> {
    /// In Postgres's time, before DingTalk was first asked.
    pub started_at: DateTime<Utc>,
    /// Whether every department was read without errors, and there are people: only then may people leave or return.
    pub is_complete: bool,
    /// People who cannot have the unionid that they would get, as returned by [`refused`].
    pub refused: &'a HashSet<UserId>,
}

/// A person to add, change or rehire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub person: Person,
    /// When DingTalk was asked.
    pub asked_at: DateTime<Utc>,
    /// The fields that differ from the row, if there is one.
    pub differences: Vec<Difference>,
}

impl Write {
    /// Whether an employed row releases its present unionid.
    pub fn frees_unionid(&self) -> bool {
        self.differences
            .iter()
            .any(|d| d.field == "unionid" && !d.old.is_empty())
    }
}

/// What the tables and DingTalk say about some people.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    pub stored: Vec<StoredPerson>,
    /// Leave times of people who are not in the staff table.
    pub unknown_leavers: HashMap<UserId, DateTime<Utc>>,
    /// Those of their unionids that belong to somebody an administrator has marked as left.
    pub held_unionids: HashSet<UnionId>,
    pub wanted: BTreeMap<UserId, DesiredPerson>,
}

/// What to do with some people. Every person listed by DingTalk is counted once, except people who are skipped only
/// because of their unionid: if other fields have changed, they are in `changed` too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeoplePlan {
    pub added: Vec<Write>,
    pub changed: Vec<Write>,
    pub returned: Vec<Write>,
    /// Number of rows that are up to date, or newer because of an event.
    pub unchanged: usize,
    pub skipped: Vec<Skip>,
}

/// Whether a complete run that has not observed a person concludes that they have left. Not for people whose record
/// could not be read (`unreadable`), who have had an event since the run began, or who were added by an
/// administrator.
pub fn has_gone(
    stored: &StoredPerson,
    started_at: DateTime<Utc>,
    unreadable: &BTreeSet<UserId>,
) -> bool {
    let current = Current {
        row: Some(row(stored, &stored.person)),
        left_at: stored.left_at,
        is_held_elsewhere: false,
    };
    let absence = Observation::at(started_at, false);
    let sync = Authority::Sync { is_complete: true };
    !unreadable.contains(&stored.person.userid)
        && decide(&current, &absence, sync) == Decision::Terminate(LeftCause::Sync)
}

/// Returns what the rule of employment needs to know of a row whose person DingTalk describes like this.
fn row(stored: &StoredPerson, person: &Person) -> Row {
    Row {
        status: stored.status,
        is_held: stored.is_held,
        observed_at: stored.observed_at,
        created_at: stored.created_at,
        has_unionid: stored.person.unionid == person.unionid,
    }
}

/// Compares the rows of some people with what DingTalk says about them.
pub fn people(chunk: &Chunk, terms: &PlanOptions<'_>) -> PeoplePlan {
    let mut plan = PeoplePlan::default();
    for (userid, row) in decide_rows(chunk, terms.started_at, terms.is_complete) {
        plan.take(row, terms.refused.contains(userid));
    }
    plan
}

/// Returns the people whose unionid another employed person would also have, once those who are `leaving` have
/// released theirs. The chunk must contain all people who have, or would have, one of the unionids in question.
pub fn refused(
    chunk: &Chunk,
    leaving: &HashSet<UserId>,
    started_at: DateTime<Utc>,
    is_complete: bool,
) -> HashSet<UserId> {
    let planned = decide_rows(chunk, started_at, is_complete);
    let mut claims = UnionidClaims::default();
    let staying = |stored: &&StoredPerson| {
        stored.status == Status::Employed && !leaving.contains(&stored.person.userid)
    };
    for stored in chunk.stored.iter().filter(staying) {
        let userid = &stored.person.userid;
        let unionid = stored.person.unionid.as_ref();
        match planned.get(userid) {
            Some(PlannedPerson {
                verdict: RowDecision::Change(_),
                person,
                ..
            }) => claims.takes(userid, unionid, person.unionid.as_ref()),
            _ => claims.keeps(userid, unionid),
        }
    }
    for (userid, row) in &planned {
        if matches!(row.verdict, RowDecision::Add | RowDecision::Return(_)) {
            claims.takes(userid, None, row.person.unionid.as_ref());
        }
    }
    claims.refused()
}

impl PeoplePlan {
    fn take(&mut self, row: PlannedPerson, is_refused: bool) {
        let PlannedPerson {
            person,
            asked_at,
            verdict,
        } = row;
        let skip = |reason| Skip {
            userid: Some(person.userid.clone()),
            dept_id: None,
            name: Some(person.name.clone()),
            reason,
        };
        let write = |differences| Write {
            person: person.clone(),
            asked_at,
            differences,
        };
        match verdict {
            RowDecision::Skip(reason) => self.skipped.push(skip(reason)),
            RowDecision::Unchanged => self.unchanged += 1,
            RowDecision::Change(differences) if is_refused => {
                self.skipped.push(skip(SkipReason::UnionidShared));
                self.changed.extend(keeping_unionid(write(differences)));
            }
            RowDecision::KeepUnionid(differences) => {
                self.skipped.push(skip(SkipReason::Held));
                self.changed.extend(keeping_unionid(write(differences)));
            }
            _ if is_refused => self.skipped.push(skip(SkipReason::UnionidShared)),
            RowDecision::Add => self.added.push(write(Vec::new())),
            RowDecision::Change(differences) => self.changed.push(write(differences)),
            RowDecision::Return(differences) => self.returned.push(write(differences)),
        }
    }
}

/// Returns the same write for a row that keeps its unionid, or `None` if nothing else has changed.
fn keeping_unionid(write: Write) -> Option<Write> {
    let mut write = write;
    write.differences.retain(|difference| {
        if difference.field == "unionid" {
            write.person.unionid = UnionId::parse(&*difference.old).ok();
            return false;
        }
        true
    });
    (!write.differences.is_empty()).then_some(write)
}

/// The decision about one person, before unionid conflicts are considered.
struct PlannedPerson {
    person: Person,
    asked_at: DateTime<Utc>,
    verdict: RowDecision,
}

enum RowDecision {
    Add,
    Change(Vec<Difference>),
    /// Like `Change`, but an administrator has marked the owner of the unionid as left.
    KeepUnionid(Vec<Difference>),
    Return(Vec<Difference>),
    Unchanged,
    Skip(SkipReason),
}

fn decide_rows(
    chunk: &Chunk,
    started_at: DateTime<Utc>,
    is_complete: bool,
) -> BTreeMap<&UserId, PlannedPerson> {
    let rows: HashMap<&UserId, &StoredPerson> = chunk
        .stored
        .iter()
        .map(|stored| (&stored.person.userid, stored))
        .collect();
    let decide_row = |wanted: &DesiredPerson| {
        let userid = &wanted.person.userid;
        let stored = rows.get(userid).copied();
        let person = stored.map_or_else(
            || wanted.person.clone(),
            |stored| wanted.completed_from(&stored.person),
        );
        let left_at = stored.map_or_else(
            || chunk.unknown_leavers.get(userid).copied(),
            |stored| stored.left_at,
        );
        let unionid = person.unionid.as_ref();
        let current = Current {
            row: stored.map(|stored| row(stored, &person)),
            left_at,
            // Or by this row itself, about which nothing else is decided.
            is_held_elsewhere: unionid.is_some_and(|id| chunk.held_unionids.contains(id)),
        };
        let listing = Observation {
            is_member: true,
            asked_at: wanted.asked_at,
            valid_from: started_at,
        };
        let decision = decide(&current, &listing, Authority::Sync { is_complete });
        let verdict = RowDecision::of(decision, stored, &person);
        PlannedPerson {
            person,
            asked_at: wanted.asked_at,
            verdict,
        }
    };
    let wanted = chunk.wanted.iter();
    wanted
        .map(|(userid, wanted)| (userid, decide_row(wanted)))
        .collect()
}

impl RowDecision {
    fn of(decision: Decision, stored: Option<&StoredPerson>, person: &Person) -> Self {
        let differences = || {
            stored.map_or_else(Vec::new, |stored| {
                difference::between(&stored.person, person)
            })
        };
        match decision {
            Decision::Add => Self::Add,
            Decision::Return => Self::Return(differences()),
            Decision::Update if stored.is_some_and(|stored| stored.person == *person) => {
                Self::Unchanged
            }
            Decision::Update => Self::Change(differences()),
            Decision::UpdateKeepingUnionid => Self::KeepUnionid(differences()),
            Decision::Ignore(Reason::Held | Reason::HeldElsewhere) => Self::Skip(SkipReason::Held),
            Decision::Ignore(Reason::HasLeft) => Self::Skip(SkipReason::HasLeft),
            // The row, or a leave event, is newer; a sync decides nothing else about a person who is listed.
            _ => Self::Unchanged,
        }
    }
}

#[cfg(test)]
mod tests;
