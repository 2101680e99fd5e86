//! Applies one answer from DingTalk to one row of the staff table.

use chrono::{DateTime, Utc};

use super::{Lookup, Outcome, Trigger, Warrant};
use crate::context::Context;
use crate::domain::alert::Problem;
use crate::domain::audit::AuditAction;
use crate::domain::employment::{Authority, Decision, Observation, Reason, decide};
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::{LeftCause, Person};
use crate::store::audit::{self, Entry};
use crate::store::employment::{self, PeopleLock};
use crate::store::staff::{self, StaffRow};
use crate::store::{Conn, StoreError, access, alert, event, recheck, unionid_conflict};

/// A decision about a person who exists in DingTalk, with the locked row.
pub(super) struct EmploymentDecision {
    pub row: Option<StaffRow>,
    authority: Authority,
    decision: Decision,
}

impl EmploymentDecision {
    pub fn is_to_be_employed(&self) -> bool {
        matches!(
            self.decision,
            Decision::Add | Decision::Return | Decision::Update
        )
    }
}

impl Lookup<'_> {
    /// Returns what the answer may do now.
    async fn authority(
        &self,
        ctx: &Context,
        tx: &mut Conn,
        userid: &UserId,
    ) -> Result<Authority, StoreError> {
        let is_standing = match self.warrant {
            Warrant::JoinEvents(ids) => event::is_join_standing(tx, ids, userid).await?,
            Warrant::Recheck(claim) => recheck::is_standing(tx, ctx.instance, claim).await?,
            Warrant::None => true,
        };
        Ok(self.trigger.authority(is_standing))
    }
}

/// Locks the row of a person who exists in DingTalk and decides what to do.
pub(super) async fn decide_person(
    ctx: &Context,
    people: &mut PeopleLock<'_>,
    person: &Person,
    lookup: &Lookup<'_>,
) -> Result<EmploymentDecision, StoreError> {
    let unionid = person.unionid.as_ref();
    let state = employment::read(people, &person.userid, unionid, lookup.at).await?;
    let authority = lookup.authority(ctx, people, &person.userid).await?;
    Ok(EmploymentDecision {
        decision: decide(&state.current, &Observation::at(lookup.at, true), authority),
        row: state.row,
        authority,
    })
}

/// Applies a decision. Violates [`staff::EMPLOYED_UNIONID`] if another employed row has the unionid.
// Long because it has an arm for each decision.
pub(super) async fn carry_out(
    people: &mut PeopleLock<'_>,
    person: &Person,
    asked_at: DateTime<Utc>,
    decided: &EmploymentDecision,
) -> Result<Outcome, StoreError> {
    // Employing the person settles a conflict, as does a newer answer; otherwise the person no longer waits for a
    // unionid.
    if !decided.is_to_be_employed() && decided.decision != Decision::Ignore(Reason::NewerAnswer) {
        unionid_conflict::clear(people, std::slice::from_ref(&person.userid)).await?;
    }
    let outcome = match decided.decision {
        Decision::Ignore(reason) => return Ok(Outcome::Ignored(reason)),
        // Never decided about a person DingTalk lists: see `apply_unknown`.
        Decision::Terminate(_) | Decision::RecordLeave => {
            return Ok(Outcome::Ignored(Reason::NotMember));
        }
        Decision::ForgetLeave => {
            access::restore_ended(people, &person.userid, person.unionid.as_ref()).await?;
            employment::forget_unknown_leaver(people, &person.userid).await?;
            return Ok(Outcome::Ignored(Reason::NeverAdded));
        }
        Decision::UpdateKeepingUnionid => {
            employment::update(people, &without_unionid(person), asked_at).await?;
            return Ok(Outcome::Ignored(Reason::HeldElsewhere));
        }
        Decision::UpdateKeepingStatus => {
            employment::update(people, person, asked_at).await?;
            Outcome::Ignored(Reason::HasLeft)
        }
        Decision::Add => {
            employ(
                people,
                person,
                asked_at,
                AuditAction::StaffAdded,
                Outcome::Added,
            )
            .await?
        }
        Decision::Return => {
            if decided.authority == Authority::LeaveRecheck {
                access::restore_ended(people, &person.userid, person.unionid.as_ref()).await?;
            }
            employ(
                people,
                person,
                asked_at,
                AuditAction::StaffReturned,
                Outcome::Returned,
            )
            .await?
        }
        Decision::Update => {
            employment::employ(people, person, asked_at).await?;
            Outcome::Changed
        }
    };
    if let Some(row) = &decided.row {
        record_unionid_change(people, audit::Actor::System, None, row, person).await?;
    }
    Ok(outcome)
}

/// Returns the person without the unionid, so that the row keeps its own.
pub(super) fn without_unionid(person: &Person) -> Person {
    Person {
        unionid: None,
        ..person.clone()
    }
}

async fn employ(
    people: &mut PeopleLock<'_>,
    person: &Person,
    asked_at: DateTime<Utc>,
    action: AuditAction,
    outcome: Outcome,
) -> Result<Outcome, StoreError> {
    employment::employ(people, person, asked_at).await?;
    let unionid = person.unionid.as_ref();
    let entry = entry(&person.userid, &person.name, unionid, action, "employed");
    audit::append(people, &entry).await?;
    Ok(outcome)
}

/// Writes to the audit log that a row's unionid has changed, with the former one as the reason, and triggers lookups
/// of the people who wait for a unionid.
pub(super) async fn record_unionid_change(
    tx: &mut Conn,
    actor: audit::Actor<'_>,
    address: Option<&str>,
    row: &StaffRow,
    person: &Person,
) -> Result<(), StoreError> {
    let (Some(former), Some(unionid)) = (&row.unionid, &person.unionid) else {
        return Ok(());
    };
    if former == unionid {
        return Ok(());
    }
    let entry = Entry {
        actor,
        reason: Some(former.as_str()),
        ip: address,
        ..entry(
            &person.userid,
            &person.name,
            Some(unionid),
            AuditAction::StaffUnionid,
            row.status.as_str(),
        )
    };
    audit::append(tx, &entry).await?;
    unionid_conflict::wake(tx).await
}

/// Ends the employment of a person DingTalk does not know.
pub(super) async fn apply_unknown(
    ctx: &Context,
    people: &mut PeopleLock<'_>,
    userid: &UserId,
    lookup: &Lookup<'_>,
) -> Result<Outcome, StoreError> {
    let state = employment::read(people, userid, None, lookup.at).await?;
    if lookup.trigger == Trigger::Join {
        // DingTalk's answers may lag behind its events: recheck later.
        recheck::schedule_after_join(people, userid).await?;
    }
    // An answer that the person is gone needs no standing reason to ask.
    let authority = lookup.trigger.authority(true);
    let decision = decide(
        &state.current,
        &Observation::at(lookup.at, false),
        authority,
    );
    let (cause, row) = match (decision, state.row) {
        (Decision::Terminate(cause), Some(row)) => (cause, row),
        (Decision::Ignore(Reason::NewerAnswer), _) => {
            return Ok(Outcome::Ignored(Reason::NewerAnswer));
        }
        _ => {
            if let (Authority::LeaveRecheck, Warrant::Recheck(claim)) = (authority, lookup.warrant)
            {
                access::confirm_ended(people, userid, claim).await?;
            }
            unionid_conflict::clear(people, std::slice::from_ref(userid)).await?;
            return Ok(Outcome::Ignored(Reason::NotMember));
        }
    };
    if cause == LeftCause::UnknownToDingTalk && leaver_limit_exceeded(ctx, people).await? {
        unionid_conflict::clear(people, std::slice::from_ref(userid)).await?;
        return Ok(Outcome::LeaverLimitReached);
    }
    employment::terminate(people, std::slice::from_ref(userid), cause).await?;
    let unionid = row.unionid.as_ref();
    let entry = entry(
        userid,
        &row.name,
        unionid,
        AuditAction::StaffLeft,
        cause.as_str(),
    );
    audit::append(people, &entry).await?;
    Ok(Outcome::MarkedLeft)
}

/// Whether marking one more person because of 60121 would exceed the leaver threshold within 24 hours.
async fn leaver_limit_exceeded(ctx: &Context, tx: &mut Conn) -> Result<bool, StoreError> {
    staff::lock_leaver_limit(tx).await?;
    let marked = staff::count_recently_unknown(tx).await?;
    let employed = staff::count_employed(tx).await?;
    let holds = ctx
        .config
        .sync
        .max_leavers
        .is_exceeded_by(marked + 1, employed + marked);
    if holds {
        tracing::error!(
            marked,
            employed,
            "leaver limit reached: too many people became unknown to DingTalk within a day"
        );
        alert::raise(tx, Problem::LeaverLimit, &marked.to_string()).await?;
    }
    Ok(holds)
}

fn entry<'a>(
    userid: &'a UserId,
    name: &'a str,
    unionid: Option<&'a UnionId>,
    action: AuditAction,
    status: &'a str,
) -> Entry<'a> {
    Entry {
        userid: Some(userid.as_str()),
        unionid: unionid.map(UnionId::as_str),
        name: Some(name),
        ..Entry::new(audit::Actor::System, action, status)
    }
}
