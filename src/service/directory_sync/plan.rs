//! What a full sync is to do, worked out from what the tables hold and what DingTalk has said; pure.

mod claims;
mod departments;
mod difference;
mod wanted;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::skip::{Skip, SkipReason};
use crate::domain::ids::{DeptId, UserId};
use crate::domain::person::{Person, Status};
use crate::store::directory::{Current, KnownPerson};

use claims::Claims;

pub use departments::{DepartmentPlan, WantedDepartment};
pub use difference::Difference;
pub use wanted::Wanted;

/// What a run knows of itself when it plans.
pub struct Terms<'a> {
    /// By Postgres's clock, before anything was asked.
    pub started_at: DateTime<Utc>,
    /// Whether every department was read without any error: only then may people leave or return.
    pub is_complete: bool,
    /// People whose records could not be read: not to be taken for absent.
    pub spared: &'a BTreeSet<UserId>,
    /// Whether so many leavers out of so many employed are too many to mark.
    pub too_many: &'a dyn Fn(usize, usize) -> bool,
}

/// A person who is to be employed, or to be described otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub person: Person,
    /// When DingTalk was asked.
    pub asked_at: DateTime<Utc>,
    /// What is otherwise in the row, if there is one.
    pub differences: Vec<Difference>,
}

impl Write {
    /// Whether an employed row lets go of the unionid that it has borne.
    pub fn frees_unionid(&self) -> bool {
        self.differences
            .iter()
            .any(|d| d.field == "unionid" && !d.old.is_empty())
    }
}

/// Somebody employed whom a complete reading has not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    pub userid: UserId,
    pub name: String,
}

/// What to do. Every person that DingTalk listed is in exactly one of the first five.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub added: Vec<Write>,
    pub changed: Vec<Write>,
    pub returned: Vec<Write>,
    /// How many rows are as they should be, or are known better from an event.
    pub unchanged: usize,
    pub skipped: Vec<Skip>,
    pub leavers: Vec<Absent>,
    /// Leavers who are too many to be marked.
    pub held_back: Vec<Absent>,
    pub departments: DepartmentPlan,
}

/// What DingTalk has said.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    pub people: BTreeMap<UserId, Wanted>,
    pub departments: BTreeMap<DeptId, WantedDepartment>,
}

/// Compares the tables with the reading.
pub fn plan(current: &Current, reading: &Reading, terms: &Terms<'_>) -> Plan {
    // A company without people is a broken answer, whatever it looks like.
    let is_complete = terms.is_complete && !reading.people.is_empty();
    let (leavers, held_back) = leavers(current, reading, is_complete, terms);
    let drafts = drafts(current, reading, is_complete, terms);
    let refused = refused(current, &drafts, &leavers);
    // Where too many people are gone, the departments may not be gone either.
    let may_remove = is_complete && held_back.is_empty();
    let mut plan = Plan {
        leavers,
        held_back,
        departments: departments::plan(&current.departments, &reading.departments, may_remove),
        ..Plan::default()
    };
    for (userid, draft) in drafts {
        let is_refused = refused.contains(userid);
        plan.take(draft, is_refused);
    }
    plan
}

impl Plan {
    fn take(&mut self, draft: Draft, is_refused: bool) {
        let Draft {
            person,
            asked_at,
            verdict,
        } = draft;
        let userid = Some(person.userid.clone());
        let write = |differences| Write {
            person,
            asked_at,
            differences,
        };
        match verdict {
            Verdict::Skip(reason) => self.skipped.push(Skip { userid, reason }),
            Verdict::Unchanged => self.unchanged += 1,
            _ if is_refused => self.skipped.push(Skip {
                userid,
                reason: SkipReason::UnionidShared,
            }),
            Verdict::Add => self.added.push(write(Vec::new())),
            Verdict::Change(differences) => self.changed.push(write(differences)),
            Verdict::Return(differences) => self.returned.push(write(differences)),
        }
    }
}

/// Who has gone, and who would have if they were not too many.
fn leavers(
    current: &Current,
    reading: &Reading,
    is_complete: bool,
    terms: &Terms<'_>,
) -> (Vec<Absent>, Vec<Absent>) {
    if !is_complete {
        return (Vec::new(), Vec::new());
    }
    let is_absent = |known: &&KnownPerson| {
        known.status == Status::Employed
            && !reading.people.contains_key(&known.person.userid)
            && !terms.spared.contains(&known.person.userid)
            // An event has been heard since, or an administrator has let the person in.
            && known.looked_at < terms.started_at
            && known.created_at < terms.started_at
    };
    let absent = |known: &KnownPerson| Absent {
        userid: known.person.userid.clone(),
        name: known.person.name.clone(),
    };
    let gone: Vec<Absent> = current
        .people
        .iter()
        .filter(is_absent)
        .map(absent)
        .collect();
    if (terms.too_many)(gone.len(), current.count_employed()) {
        (Vec::new(), gone)
    } else {
        (gone, Vec::new())
    }
}

/// What is to happen to one person, unless the unionid stands in the way.
struct Draft {
    person: Person,
    asked_at: DateTime<Utc>,
    verdict: Verdict,
}

enum Verdict {
    Add,
    Change(Vec<Difference>),
    Return(Vec<Difference>),
    Unchanged,
    Skip(SkipReason),
}

fn drafts<'a>(
    current: &'a Current,
    reading: &'a Reading,
    is_complete: bool,
    terms: &Terms<'_>,
) -> BTreeMap<&'a UserId, Draft> {
    let stored: HashMap<&UserId, &KnownPerson> = current
        .people
        .iter()
        .map(|known| (&known.person.userid, known))
        .collect();
    let draft = |(userid, wanted): (&'a UserId, &'a Wanted)| {
        let known = stored.get(userid).copied();
        let person = known.map_or_else(
            || wanted.person.clone(),
            |known| wanted.completed_from(&known.person),
        );
        let left_at = known.map_or_else(
            || current.unknown_leavers.get(userid).copied(),
            |known| known.left_at,
        );
        // A leaving that came after the start is newer than all that this run has read.
        let knows_better = left_at.is_some_and(|at| at >= terms.started_at)
            || known.is_some_and(|k| k.looked_at > wanted.asked_at);
        let verdict = if knows_better && known.is_none_or(|known| !known.is_held) {
            Verdict::Unchanged
        } else {
            judge(known, &person, left_at.is_some(), is_complete)
        };
        (
            userid,
            Draft {
                person,
                asked_at: wanted.asked_at,
                verdict,
            },
        )
    };
    reading.people.iter().map(draft).collect()
}

fn judge(
    known: Option<&KnownPerson>,
    person: &Person,
    has_left: bool,
    is_complete: bool,
) -> Verdict {
    match known {
        Some(known) if known.is_held => Verdict::Skip(SkipReason::Held),
        _ if has_left && !is_complete => Verdict::Skip(SkipReason::HasLeft),
        None => Verdict::Add,
        Some(known) if has_left => Verdict::Return(difference::between(&known.person, person)),
        Some(known) if known.person == *person => Verdict::Unchanged,
        Some(known) => Verdict::Change(difference::between(&known.person, person)),
    }
}

/// Those whose unionid another employed person would bear too.
fn refused(
    current: &Current,
    drafts: &BTreeMap<&UserId, Draft>,
    leavers: &[Absent],
) -> HashSet<UserId> {
    let leaving: HashSet<&UserId> = leavers.iter().map(|leaver| &leaver.userid).collect();
    let mut claims = Claims::default();
    for known in current
        .people
        .iter()
        .filter(|k| k.status == Status::Employed && !leaving.contains(&k.person.userid))
    {
        let userid = &known.person.userid;
        let stored = known.person.unionid.as_ref();
        match drafts.get(userid) {
            Some(Draft {
                verdict: Verdict::Change(_),
                person,
                ..
            }) => claims.takes(userid, stored, person.unionid.as_ref()),
            _ => claims.keeps(userid, stored),
        }
    }
    for (userid, draft) in drafts {
        if matches!(draft.verdict, Verdict::Add | Verdict::Return(_)) {
            claims.takes(userid, None, draft.person.unionid.as_ref());
        }
    }
    claims.refused()
}

#[cfg(test)]
mod tests;
