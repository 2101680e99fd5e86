//! Applies one answer from DingTalk to one row of the staff table.

use chrono::{DateTime, Utc};

use super::{Lookup, Outcome, Trigger};
use crate::context::Context;
use crate::domain::alert::Problem;
use crate::domain::audit::AuditAction;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::{LeftCause, Person, Status};
use crate::store::audit::{self, Entry};
use crate::store::staff::{self, StaffRow};
use crate::store::{Conn, StoreError, access, alert, event, recheck, unionid_conflict};

/// What to do with a person who exists in DingTalk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Employ(Outcome),
    /// Everything except the unionid is written, for this reason.
    KeepUnionid(&'static str),
    KeepStatus,
    /// The leave event of a person without a row was false: nothing needs to be remembered.
    ForgetLeaving,
    Nothing(&'static str),
}

/// A person who exists in DingTalk, the locked row, and what to do.
pub(super) struct EmploymentDecision {
    pub row: Option<StaffRow>,
    pub trigger: Trigger,
    pub verdict: Verdict,
}

const NEWER_ANSWER: &str = "a newer answer is already known";
const NEVER_ADDED: &str = "was never in the staff table, and only a join event, a login, an approval or a sync adds people";
const HAS_LEFT: &str = "has left, and no join event came since";
const HELD_ELSEWHERE: &str = "marked as left by an administrator, under another userid";

impl Lookup<'_> {
    /// Returns the trigger, or [`Trigger::Event`] if its reason is no longer valid.
    async fn standing_trigger(
        &self,
        ctx: &Context,
        tx: &mut Conn,
        userid: &UserId,
    ) -> Result<Trigger, StoreError> {
        let stands = match self.trigger {
            Trigger::Join => event::is_join_standing(tx, self.warrants, userid).await?,
            Trigger::Leaving | Trigger::LateJoin => {
                recheck::is_claimed(tx, ctx.instance, self.warrants).await?
            }
            Trigger::Event | Trigger::Login => true,
        };
        Ok(if stands { self.trigger } else { Trigger::Event })
    }
}

/// Locks the row of a person who exists in DingTalk and decides what to do. [`staff::lock_people`] must precede it.
pub(super) async fn decide(
    ctx: &Context,
    tx: &mut Conn,
    person: &Person,
    asked: &Lookup<'_>,
) -> Result<EmploymentDecision, StoreError> {
    let row = staff::lock(tx, &person.userid).await?;
    let trigger = asked.standing_trigger(ctx, tx, &person.userid).await?;
    let left_at = staff::leave_event_time(tx, &person.userid).await?;
    let is_held_elsewhere = staff::held_under_unionid(tx, person).await?.is_some();
    let verdict = match judge(row.as_ref(), left_at, asked, trigger) {
        Verdict::Employ(Outcome::Changed) if is_held_elsewhere => {
            let bears_already = row
                .as_ref()
                .is_some_and(|row| row.unionid == person.unionid);
            if bears_already {
                Verdict::Employ(Outcome::Changed)
            } else {
                Verdict::KeepUnionid(HELD_ELSEWHERE)
            }
        }
        Verdict::Employ(_) if is_held_elsewhere => Verdict::Nothing(HELD_ELSEWHERE),
        verdict => verdict,
    };
    Ok(EmploymentDecision {
        row,
        trigger,
        verdict,
    })
}

fn judge(
    row: Option<&StaffRow>,
    left_at: Option<DateTime<Utc>>,
    asked: &Lookup<'_>,
    trigger: Trigger,
) -> Verdict {
    let asked_at = asked.at;
    if row.is_some_and(|row| row.looked_at > asked_at) {
        return Verdict::Nothing(NEWER_ANSWER);
    }
    if row.is_some_and(|row| row.is_held) {
        return Verdict::Nothing("marked as left by an administrator");
    }
    let joins = |trigger| matches!(trigger, Trigger::Join | Trigger::LateJoin);
    let is_join = joins(trigger);
    match (row.map(|row| row.status), left_at) {
        (_, Some(left_at)) if left_at >= asked_at => {
            Verdict::Nothing("left after DingTalk was asked")
        }
        (Some(Status::Left), _) if is_join || trigger == Trigger::Leaving => {
            Verdict::Employ(Outcome::Returned)
        }
        (Some(Status::Left), _) => Verdict::KeepStatus,
        (Some(Status::Employed), _) => Verdict::Employ(Outcome::Changed),
        (None, _) if is_join => Verdict::Employ(Outcome::Added),
        (None, Some(_)) if trigger == Trigger::Leaving => Verdict::ForgetLeaving,
        (None, Some(_)) => Verdict::Nothing(HAS_LEFT),
        // A join event only requires that no leave event is known.
        (None, None) if joins(asked.trigger) => Verdict::Employ(Outcome::Added),
        (None, None) => Verdict::Nothing(NEVER_ADDED),
    }
}

/// Applies a decision. Violates [`staff::EMPLOYED_UNIONID`] if another employed row has the unionid.
pub(super) async fn carry_out(
    tx: &mut Conn,
    person: &Person,
    asked_at: DateTime<Utc>,
    decided: &EmploymentDecision,
) -> Result<Outcome, StoreError> {
    // Employing the person settles a conflict, as does a newer answer; otherwise the person no longer waits for a
    // unionid.
    if !matches!(
        decided.verdict,
        Verdict::Employ(_) | Verdict::Nothing(NEWER_ANSWER)
    ) {
        unionid_conflict::clear(tx, std::slice::from_ref(&person.userid)).await?;
    }
    let outcome = match &decided.verdict {
        Verdict::Nothing(why) => return Ok(Outcome::StaysOut(why)),
        Verdict::ForgetLeaving => {
            access::restore_ended(tx, &person.userid, person.unionid.as_ref()).await?;
            staff::forget_unknown_leaver(tx, &person.userid).await?;
            return Ok(Outcome::StaysOut(NEVER_ADDED));
        }
        Verdict::KeepUnionid(why) => {
            staff::update_fields(tx, &without_unionid(person), asked_at).await?;
            return Ok(Outcome::StaysOut(why));
        }
        Verdict::KeepStatus => {
            staff::update_fields(tx, person, asked_at).await?;
            Outcome::StaysOut(HAS_LEFT)
        }
        Verdict::Employ(outcome) => {
            if *outcome == Outcome::Returned && decided.trigger == Trigger::Leaving {
                access::restore_ended(tx, &person.userid, person.unionid.as_ref()).await?;
            }
            employ(tx, person, asked_at, outcome.clone()).await?
        }
    };
    if let Some(row) = &decided.row {
        record_unionid_change(tx, audit::Actor::System, None, row, person).await?;
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
    tx: &mut Conn,
    person: &Person,
    asked_at: DateTime<Utc>,
    outcome: Outcome,
) -> Result<Outcome, StoreError> {
    staff::upsert_employed(tx, person, asked_at).await?;
    let action = match outcome {
        Outcome::Added => AuditAction::StaffAdded,
        Outcome::Returned => AuditAction::StaffReturned,
        _ => return Ok(outcome),
    };
    let unionid = person.unionid.as_ref();
    let entry = entry(&person.userid, &person.name, unionid, action, "employed");
    audit::append(tx, &entry).await?;
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
        address,
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

/// Ends the employment of a person whom DingTalk does not know.
pub(super) async fn apply_unknown(
    ctx: &Context,
    tx: &mut Conn,
    userid: &UserId,
    asked: &Lookup<'_>,
) -> Result<Outcome, StoreError> {
    let (asked_at, trigger) = (asked.at, asked.trigger);
    staff::lock_people(tx, std::slice::from_ref(userid)).await?;
    let row = staff::lock(tx, userid).await?;
    if trigger == Trigger::Join {
        // DingTalk's answers may lag behind its events: recheck later.
        recheck::schedule_after_join(tx, userid).await?;
    }
    let Some(row) = row.filter(|row| row.status == Status::Employed) else {
        if trigger == Trigger::Leaving {
            access::confirm_ended(tx, userid, asked.warrants).await?;
        }
        unionid_conflict::clear(tx, std::slice::from_ref(userid)).await?;
        return Ok(Outcome::StaysOut("DingTalk does not know the person"));
    };
    if row.looked_at > asked_at {
        return Ok(Outcome::StaysOut(NEWER_ANSWER));
    }
    let cause = if trigger == Trigger::Leaving {
        LeftCause::Event
    } else {
        LeftCause::UnknownToDingTalk
    };
    if cause == LeftCause::UnknownToDingTalk && leaver_limit_exceeded(ctx, tx).await? {
        unionid_conflict::clear(tx, std::slice::from_ref(userid)).await?;
        return Ok(Outcome::StaysOut(
            "too many people have become unknown to DingTalk within a day",
        ));
    }
    staff::mark_left(tx, std::slice::from_ref(userid), cause).await?;
    let unionid = row.unionid.as_ref();
    let entry = entry(
        userid,
        &row.name,
        unionid,
        AuditAction::StaffLeft,
        cause.as_str(),
    );
    audit::append(tx, &entry).await?;
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
        actor: audit::Actor::System,
        action,
        userid: Some(userid.as_str()),
        unionid: unionid.map(UnionId::as_str),
        name: Some(name),
        status,
        reason: None,
        reference: None,
        address: None,
    }
}
