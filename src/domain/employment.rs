//! The rule of employment: who works here, given what the staff table holds and what DingTalk says. Pure; every
//! use case that changes a person's employment asks it.

use chrono::{DateTime, Utc};

use super::person::{LeftCause, Status};

/// What the tables hold of a person, as locked for the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Current {
    /// `None` where the staff table has no row of the userid.
    pub row: Option<Row>,
    /// When the person left, also of a person without a row. `None` while the person is employed.
    pub left_at: Option<DateTime<Utc>>,
    /// An administrator marked the person as left under another userid of the same unionid.
    pub is_held_elsewhere: bool,
}

/// The parts of a staff row that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub status: Status,
    /// Marked as left by an administrator; only a restore ends that.
    pub is_held: bool,
    /// When DingTalk was asked for what the row holds.
    pub observed_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    /// Whether the row has the unionid that the person would get.
    pub has_unionid: bool,
}

/// Whether the person is a member of the company, as DingTalk or an administrator says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// `false` also for an answer that DingTalk does not know the person (60121).
    pub is_member: bool,
    /// When DingTalk was asked about the person.
    pub asked_at: DateTime<Utc>,
    /// A leave event at or after this time is newer than the observation: the start of a full sync, which reads for
    /// a long time, otherwise `asked_at`.
    pub valid_from: DateTime<Utc>,
}

impl Observation {
    /// Returns the observation that a single lookup makes.
    pub fn at(asked_at: DateTime<Utc>, is_member: bool) -> Self {
        Self {
            is_member,
            asked_at,
            valid_from: asked_at,
        }
    }
}

/// What made us ask, which bounds what the observation may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// A change event, or a login that DingTalk answered with 60121.
    Change,
    /// A join event, or the recheck some time after one. A leave event that was stored later voids it.
    Join { is_standing: bool },
    /// A leave event: it needs no lookup and is newer than every answer.
    LeaveEvent,
    /// The recheck after a leave event, unless a newer leave event has taken its place.
    LeaveRecheck,
    /// A full sync; a partial one brings nobody back and terminates nobody.
    Sync { is_complete: bool },
    /// A login of somebody without a row, where the settings add those.
    Provision,
    /// An administrator who approves a case.
    Approval,
    /// An administrator who restores somebody who had left.
    Restore,
    /// An administrator who marks somebody as left.
    Dismissal,
}

/// What happens to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The person is employed for the first time.
    Add,
    /// The person had left and is employed again.
    Return,
    /// The employed row takes DingTalk's fields.
    Update,
    /// The same, but the row keeps its unionid: an administrator marked its owner as left.
    UpdateKeepingUnionid,
    /// The row of somebody who has left takes DingTalk's fields.
    UpdateKeepingStatus,
    /// The leave event of a person without a row was false: nothing remains of it.
    ForgetLeave,
    /// The employment ends; by [`LeftCause::Manual`] until a restore.
    Terminate(LeftCause),
    /// The leave time of a person who is not employed moves to the leave event.
    RecordLeave,
    Ignore(Reason),
}

/// Why a person stays as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The row holds a newer answer.
    NewerAnswer,
    /// A leave event came after DingTalk was asked.
    LeftSince,
    /// An administrator marked the person as left.
    Held,
    /// The same, under another userid.
    HeldElsewhere,
    /// The person has left, and nothing says that they came back.
    HasLeft,
    /// The person was never in the table, and only a join event, a login, an approval or a sync adds people.
    NeverAdded,
    /// The person is no member of the company, and is not employed anyway.
    NotMember,
}

impl Authority {
    /// Whether it employs an unknown person.
    fn may_add(self) -> bool {
        !matches!(self, Self::Change | Self::LeaveRecheck)
    }

    /// Whether it employs a person who has left.
    fn may_return(self) -> bool {
        match self {
            Self::Join { is_standing } => is_standing,
            Self::Sync { is_complete } => is_complete,
            Self::LeaveRecheck | Self::Approval | Self::Restore => true,
            Self::Change | Self::Provision | Self::LeaveEvent | Self::Dismissal => false,
        }
    }

    /// Whether an administrator has decided on the strength of DingTalk's answer.
    fn is_manual(self) -> bool {
        matches!(self, Self::Approval | Self::Restore)
    }
}

/// Decides what an observation does to a person's employment.
///
/// Precedence: a manual decision, then what is newer than the observation, then the observation within its authority.
pub fn decide(current: &Current, observation: &Observation, authority: Authority) -> Decision {
    if !observation.is_member {
        return decide_on_absence(current, observation, authority);
    }
    if let Some(reason) = overruling(current, observation, authority) {
        return Decision::Ignore(reason);
    }
    let status = current.row.map(|row| row.status);
    let decision = match (status, current.left_at) {
        (Some(Status::Employed), _) => Decision::Update,
        (Some(Status::Left), _) if authority.may_return() => Decision::Return,
        // These are asked whether the person is employed; a sync reports the people that it skips.
        (Some(Status::Left), _)
            if matches!(authority, Authority::Provision | Authority::Sync { .. }) =>
        {
            Decision::Ignore(Reason::HasLeft)
        }
        (Some(Status::Left), _) => Decision::UpdateKeepingStatus,
        (None, None) if authority.may_add() => Decision::Add,
        (None, None) => Decision::Ignore(Reason::NeverAdded),
        (None, Some(_)) if authority == Authority::LeaveRecheck => Decision::ForgetLeave,
        // The leave event of a person without a row is older than the reason to employ them.
        (None, Some(_)) if authority.may_return() => Decision::Add,
        (None, Some(_)) => Decision::Ignore(Reason::HasLeft),
    };
    respect_hold_elsewhere(current, decision, authority)
}

/// Returns why the observation of a member does not count at all.
fn overruling(
    current: &Current,
    observation: &Observation,
    authority: Authority,
) -> Option<Reason> {
    if current.row.is_some_and(|row| row.is_held) && authority != Authority::Restore {
        return Some(Reason::Held);
    }
    let has_left_since = current
        .left_at
        .is_some_and(|left_at| left_at >= observation.valid_from);
    if has_left_since {
        return Some(Reason::LeftSince);
    }
    // An administrator's decision is newer than an answer that came while DingTalk was asked.
    let is_outdated = current
        .row
        .is_some_and(|row| row.observed_at > observation.asked_at);
    (is_outdated && !authority.is_manual()).then_some(Reason::NewerAnswer)
}

fn decide_on_absence(
    current: &Current,
    observation: &Observation,
    authority: Authority,
) -> Decision {
    match (authority, current.row) {
        (Authority::Dismissal, None) => return Decision::Ignore(Reason::NeverAdded),
        (Authority::Dismissal, Some(row)) if row.is_held => return Decision::Ignore(Reason::Held),
        (Authority::Dismissal, Some(_)) => return Decision::Terminate(LeftCause::Manual),
        _ => {}
    }
    let Some(row) = current.row.filter(|row| row.status == Status::Employed) else {
        return match authority {
            Authority::LeaveEvent => Decision::RecordLeave,
            _ => Decision::Ignore(Reason::NotMember),
        };
    };
    let cause = match authority {
        Authority::LeaveEvent => return Decision::Terminate(LeftCause::Event),
        Authority::LeaveRecheck => LeftCause::Event,
        Authority::Sync { is_complete: true } => LeftCause::Sync,
        Authority::Change | Authority::Join { .. } => LeftCause::UnknownToDingTalk,
        _ => return Decision::Ignore(Reason::NotMember),
    };
    let is_outdated = match authority {
        // A row can be added during a sync by an answer from before it.
        Authority::Sync { .. } => row.observed_at.max(row.created_at) >= observation.valid_from,
        _ => row.observed_at > observation.asked_at,
    };
    if is_outdated {
        return Decision::Ignore(Reason::NewerAnswer);
    }
    Decision::Terminate(cause)
}

/// Nobody becomes employed under a unionid that an administrator has marked as left; an employed row keeps its own.
fn respect_hold_elsewhere(current: &Current, decision: Decision, authority: Authority) -> Decision {
    if !current.is_held_elsewhere {
        return decision;
    }
    // An approval would confirm the unionid once more.
    let keeps_own =
        current.row.is_some_and(|row| row.has_unionid) && authority != Authority::Approval;
    match decision {
        Decision::Update if !keeps_own => Decision::UpdateKeepingUnionid,
        Decision::Add | Decision::Return | Decision::Ignore(Reason::HasLeft) => {
            Decision::Ignore(Reason::HeldElsewhere)
        }
        decision => decision,
    }
}

#[cfg(test)]
mod tests;
