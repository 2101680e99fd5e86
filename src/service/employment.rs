//! The one place that decides what an answer of DingTalk does to a person's employment.

use chrono::{DateTime, Utc};

use super::upstream::{self, Priority, UpstreamError};
use crate::context::Context;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::{LeftCause, Person, Status};
use crate::store::Conn;
use crate::store::audit::{self, Entry};
use crate::store::staff::{self, StaffRow};
use crate::store::{StoreError, alert, event, look as looks};

/// What made us look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// A login that DingTalk answered with 60121.
    Login,
    /// An event that says neither that the person came nor that the person left.
    Event,
    /// The look some time after a leaving.
    Leaving,
    /// The look some time after a joining that DingTalk did not know of yet.
    LateJoin,
    /// An event that says that the person joined or activated the account.
    Join,
}

/// What a look has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Added,
    Changed,
    Returned,
    MarkedLeft,
    Unchanged,
    /// Nothing was done, for this reason.
    StaysOut(&'static str),
}

/// Asks DingTalk about one person and brings the staff table into line with the answer.
///
/// Nobody is marked as left because a call failed: only by DingTalk's word that it does not know them.
///
/// What may bring somebody back has to hold still when the answer is written: `warrants` are the ids of
/// the events for [`Trigger::Join`], of the scheduled looks for [`Trigger::Leaving`] and
/// [`Trigger::LateJoin`]. A leaving that came meanwhile has voided them.
pub async fn look(
    ctx: &Context,
    priority: Priority,
    userid: &UserId,
    trigger: Trigger,
    warrants: &[i64],
) -> Result<Outcome, UpstreamError> {
    let asked = Asked {
        at: time_now(ctx).await?,
        trigger,
        warrants,
    };
    let person = match upstream::user(ctx, priority, userid).await {
        Ok(person) => Some(person),
        Err(error) if error.is_unknown_person() => None,
        Err(error) => return Err(error),
    };
    let Some(person) = person else {
        return Ok(apply_unknown(ctx, userid, &asked).await?);
    };
    match apply_known(ctx, &person, &asked).await {
        Err(error) if error.violates(staff::EMPLOYED_UNIONID) => {}
        applied => return Ok(applied?),
    }
    // Hired again under another userid while the leaving of the old one was missed: ask about that
    // one, so that a row that is out of date yields.
    ask_about_rival(ctx, priority, &person).await?;
    match apply_known(ctx, &person, &asked).await {
        Err(error) if error.violates(staff::EMPLOYED_UNIONID) => {
            tracing::warn!("another employed person has the unionid of somebody DingTalk lists");
            Ok(Outcome::StaysOut(
                "another employed person has this unionid",
            ))
        }
        applied => Ok(applied?),
    }
}

/// Looks at whoever is employed under the unionid of another person.
pub async fn ask_about_rival(
    ctx: &Context,
    priority: Priority,
    person: &Person,
) -> Result<(), UpstreamError> {
    let Some(unionid) = &person.unionid else {
        return Ok(());
    };
    let rival = ctx
        .db
        .read(async |conn| staff::find_by_unionid(conn, unionid).await)
        .await?;
    if let Some(rival) =
        rival.filter(|rival| rival.status == Status::Employed && rival.userid != person.userid)
    {
        let asked = Asked {
            at: time_now(ctx).await?,
            trigger: Trigger::Event,
            warrants: &[],
        };
        match upstream::user(ctx, priority, &rival.userid).await {
            Ok(answer) => {
                if let Err(error) = apply_known(ctx, &answer, &asked).await
                    && !error.violates(staff::EMPLOYED_UNIONID)
                {
                    return Err(error.into());
                }
            }
            Err(error) if error.is_unknown_person() => {
                apply_unknown(ctx, &rival.userid, &asked).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Postgres's time, taken before DingTalk is asked: what lands later than this wins over the answer.
pub async fn time_now(ctx: &Context) -> Result<DateTime<Utc>, StoreError> {
    ctx.db.read(async |conn| staff::now(conn).await).await
}

/// A question to DingTalk: when it was asked, and why.
struct Asked<'a> {
    at: DateTime<Utc>,
    trigger: Trigger,
    warrants: &'a [i64],
}

impl Asked<'_> {
    /// Why it was asked, as far as that still holds.
    async fn standing_trigger(
        &self,
        ctx: &Context,
        tx: &mut Conn,
        userid: &UserId,
    ) -> Result<Trigger, StoreError> {
        let stands = match self.trigger {
            Trigger::Join => event::is_join_standing(tx, self.warrants, userid).await?,
            Trigger::Leaving | Trigger::LateJoin => {
                looks::is_claimed(tx, ctx.instance, self.warrants).await?
            }
            Trigger::Event | Trigger::Login => true,
        };
        Ok(if stands { self.trigger } else { Trigger::Event })
    }
}

/// What to do with a person whom DingTalk lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Employ(Outcome),
    KeepStatus,
    Nothing(&'static str),
}

fn judge(
    row: Option<&StaffRow>,
    left_at: Option<DateTime<Utc>>,
    asked_at: DateTime<Utc>,
    trigger: Trigger,
) -> Verdict {
    if row.is_some_and(|row| row.looked_at > asked_at) {
        return Verdict::Nothing("a newer answer is already known");
    }
    if row.is_some_and(|row| row.is_held) {
        return Verdict::Nothing("marked as left by an administrator");
    }
    let may_return = matches!(
        trigger,
        Trigger::Join | Trigger::LateJoin | Trigger::Leaving
    );
    match (row.map(|row| row.status), left_at) {
        (_, Some(left_at)) if left_at >= asked_at => {
            Verdict::Nothing("left after DingTalk was asked")
        }
        (Some(Status::Left), _) if may_return => Verdict::Employ(Outcome::Returned),
        (Some(Status::Left), _) => Verdict::KeepStatus,
        (None, Some(_)) if !may_return => {
            Verdict::Nothing("has left, and no joining was told since")
        }
        (None, _) => Verdict::Employ(Outcome::Added),
        (Some(Status::Employed), _) => Verdict::Employ(Outcome::Changed),
    }
}

async fn apply_known(
    ctx: &Context,
    person: &Person,
    asked: &Asked<'_>,
) -> Result<Outcome, StoreError> {
    ctx.db
        .tx(async |tx| {
            let outcome = apply_known_in(ctx, tx, person, asked).await?;
            Ok(outcome)
        })
        .await
}

async fn apply_unknown(
    ctx: &Context,
    userid: &UserId,
    asked: &Asked<'_>,
) -> Result<Outcome, StoreError> {
    ctx.db
        .tx(async |tx| {
            let outcome = apply_unknown_in(ctx, tx, userid, asked).await?;
            Ok(outcome)
        })
        .await
}

async fn apply_known_in(
    ctx: &Context,
    tx: &mut Conn,
    person: &Person,
    asked: &Asked<'_>,
) -> Result<Outcome, StoreError> {
    let asked_at = asked.at;
    staff::serialise(tx, std::slice::from_ref(&person.userid)).await?;
    let row = staff::lock(tx, &person.userid).await?;
    let trigger = asked.standing_trigger(ctx, tx, &person.userid).await?;
    let left_at = staff::leaving_time(tx, &person.userid).await?;
    if staff::held_under_unionid(tx, person).await?.is_some() {
        return Ok(Outcome::StaysOut(
            "marked as left by an administrator, under another userid",
        ));
    }
    match judge(row.as_ref(), left_at, asked_at, trigger) {
        Verdict::Nothing(why) => Ok(Outcome::StaysOut(why)),
        Verdict::KeepStatus => {
            staff::update_fields(tx, person, asked_at).await?;
            Ok(Outcome::StaysOut("has left, and no joining was told since"))
        }
        Verdict::Employ(outcome) => employ(tx, person, asked_at, outcome).await,
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
        Outcome::Added => "staff.added",
        Outcome::Returned => "staff.returned",
        _ => return Ok(outcome),
    };
    audit::append(
        tx,
        &entry(
            person.userid.as_str(),
            &person.name,
            person.unionid.as_ref().map(UnionId::as_str),
            action,
            "employed",
        ),
    )
    .await?;
    Ok(outcome)
}

async fn apply_unknown_in(
    ctx: &Context,
    tx: &mut Conn,
    userid: &UserId,
    asked: &Asked<'_>,
) -> Result<Outcome, StoreError> {
    let (asked_at, trigger) = (asked.at, asked.trigger);
    staff::serialise(tx, std::slice::from_ref(userid)).await?;
    let row = staff::lock(tx, userid).await?;
    if trigger == Trigger::Join {
        // DingTalk's answers may lag behind its events: ask again later.
        looks::schedule_after_join(tx, userid).await?;
    }
    let Some(row) = row.filter(|row| row.status == Status::Employed) else {
        return Ok(Outcome::StaysOut("DingTalk does not know the person"));
    };
    if row.looked_at > asked_at {
        return Ok(Outcome::StaysOut("a newer answer is already known"));
    }
    let cause = if trigger == Trigger::Leaving {
        LeftCause::Event
    } else {
        LeftCause::UnknownToDingTalk
    };
    if cause == LeftCause::UnknownToDingTalk && brake_holds(ctx, tx).await? {
        return Ok(Outcome::StaysOut(
            "too many people have become unknown to DingTalk within a day",
        ));
    }
    staff::mark_left(tx, std::slice::from_ref(userid), cause).await?;
    let unionid = row.unionid.as_ref().map(UnionId::as_str);
    audit::append(
        tx,
        &entry(
            userid.as_str(),
            &row.name,
            unionid,
            "staff.left",
            cause.as_str(),
        ),
    )
    .await?;
    Ok(Outcome::MarkedLeft)
}

/// Whether one more person marked through 60121 would be too many for 24 hours.
async fn brake_holds(ctx: &Context, tx: &mut Conn) -> Result<bool, StoreError> {
    staff::serialise_brake(tx).await?;
    let marked = staff::count_recently_unknown(tx).await?;
    let employed = staff::count_employed(tx).await?;
    let holds = ctx
        .config
        .sync
        .max_leavers
        .exceeded_by(marked + 1, employed + marked);
    if holds {
        tracing::error!(
            marked,
            employed,
            "too many people have become unknown to DingTalk within a day: nobody more is marked as left"
        );
        alert::raise(tx, "unknown_people_brake", &marked.to_string()).await?;
    }
    Ok(holds)
}

fn entry<'a>(
    userid: &'a str,
    name: &'a str,
    unionid: Option<&'a str>,
    action: &'static str,
    status: &'a str,
) -> Entry<'a> {
    Entry {
        actor: "system",
        action,
        userid: Some(userid),
        unionid,
        name: Some(name),
        status,
        reason: None,
        reference: None,
        address: None,
    }
}
