//! The one place that decides what an answer of DingTalk does to a person's employment.

use chrono::{DateTime, Utc};

use super::upstream::{self, Priority, UpstreamError};
use crate::context::Context;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::{LeftCause, Person, Status};
use crate::store::audit::{self, Entry};
use crate::store::staff::{self, StaffRow};
use crate::store::{StoreError, alert, look as looks};
use sqlx::PgConnection;

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
pub async fn look(ctx: &Context, priority: Priority, userid: &UserId, trigger: Trigger) -> Result<Outcome, UpstreamError> {
    let asked_at = time_now(ctx).await?;
    let person = match upstream::user(ctx, priority, userid).await {
        Ok(person) => Some(person),
        Err(error) if error.is_unknown_person() => None,
        Err(error) => return Err(error),
    };
    let Some(person) = person else {
        return Ok(apply_unknown(ctx, userid, asked_at, trigger).await?);
    };
    match apply_known(ctx, &person, asked_at, trigger).await {
        Err(error) if error.violates(staff::EMPLOYED_UNIONID) => {}
        applied => return Ok(applied?),
    }
    // Hired again under another userid while the leaving of the old one was missed: ask about that
    // one, so that a row that is out of date yields.
    ask_about_rival(ctx, priority, &person).await?;
    match apply_known(ctx, &person, asked_at, trigger).await {
        Err(error) if error.violates(staff::EMPLOYED_UNIONID) => {
            tracing::warn!(%userid, "another employed person has this unionid");
            Ok(Outcome::StaysOut("another employed person has this unionid"))
        }
        applied => Ok(applied?),
    }
}

/// Looks at whoever is employed under the unionid of another person.
pub async fn ask_about_rival(ctx: &Context, priority: Priority, person: &Person) -> Result<(), UpstreamError> {
    let Some(unionid) = &person.unionid else { return Ok(()) };
    let rival = ctx
        .db
        .within(async {
            let mut conn = ctx.db.acquire().await?;
            staff::find_by_unionid(&mut conn, unionid).await
        })
        .await?;
    if let Some(rival) = rival.filter(|rival| rival.status == Status::Employed && rival.userid != person.userid) {
        let asked_at = time_now(ctx).await?;
        match upstream::user(ctx, priority, &rival.userid).await {
            Ok(answer) => {
                if let Err(error) = apply_known(ctx, &answer, asked_at, Trigger::Event).await
                    && !error.violates(staff::EMPLOYED_UNIONID)
                {
                    return Err(error.into());
                }
            }
            Err(error) if error.is_unknown_person() => {
                apply_unknown(ctx, &rival.userid, asked_at, Trigger::Event).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Postgres's time, taken before DingTalk is asked: what lands later than this wins over the answer.
pub async fn time_now(ctx: &Context) -> Result<DateTime<Utc>, StoreError> {
    ctx.db
        .within(async {
            let mut conn = ctx.db.acquire().await?;
            staff::now(&mut conn).await
        })
        .await
}

/// What to do with a person whom DingTalk lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Employ(Outcome),
    KeepStatus,
    Nothing(&'static str),
}

fn judge(row: Option<&StaffRow>, left_at: Option<DateTime<Utc>>, asked_at: DateTime<Utc>, trigger: Trigger) -> Verdict {
    if row.is_some_and(|row| row.looked_at > asked_at) {
        return Verdict::Nothing("a newer answer is already known");
    }
    if row.is_some_and(|row| row.is_held) {
        return Verdict::Nothing("marked as left by an administrator");
    }
    let may_return = matches!(trigger, Trigger::Join | Trigger::LateJoin | Trigger::Leaving);
    match (row.map(|row| row.status), left_at) {
        (_, Some(left_at)) if left_at >= asked_at => Verdict::Nothing("left after DingTalk was asked"),
        (Some(Status::Left), _) if may_return => Verdict::Employ(Outcome::Returned),
        (Some(Status::Left), _) => Verdict::KeepStatus,
        (None, Some(_)) if !may_return => Verdict::Nothing("has left, and no joining was told since"),
        (None, _) => Verdict::Employ(Outcome::Added),
        (Some(Status::Employed), _) => Verdict::Employ(Outcome::Changed),
    }
}

async fn apply_known(ctx: &Context, person: &Person, asked_at: DateTime<Utc>, trigger: Trigger) -> Result<Outcome, StoreError> {
    ctx.db
        .within(async {
            let mut tx = ctx.db.begin().await?;
            let outcome = apply_known_in(&mut tx, person, asked_at, trigger).await?;
            tx.commit().await?;
            Ok(outcome)
        })
        .await
}

async fn apply_unknown(ctx: &Context, userid: &UserId, asked_at: DateTime<Utc>, trigger: Trigger) -> Result<Outcome, StoreError> {
    ctx.db
        .within(async {
            let mut tx = ctx.db.begin().await?;
            let outcome = apply_unknown_in(ctx, &mut tx, userid, asked_at, trigger).await?;
            tx.commit().await?;
            Ok(outcome)
        })
        .await
}

async fn apply_known_in(
    tx: &mut PgConnection,
    person: &Person,
    asked_at: DateTime<Utc>,
    trigger: Trigger,
) -> Result<Outcome, StoreError> {
    let row = staff::lock(tx, &person.userid).await?;
    let left_at = staff::leaving_time(tx, &person.userid).await?;
    match judge(row.as_ref(), left_at, asked_at, trigger) {
        Verdict::Nothing(why) => Ok(Outcome::StaysOut(why)),
        Verdict::KeepStatus => {
            staff::update_fields(tx, person, asked_at).await?;
            Ok(Outcome::StaysOut("has left, and no joining was told since"))
        }
        Verdict::Employ(outcome) => employ(tx, person, asked_at, outcome).await,
    }
}

async fn employ(tx: &mut PgConnection, person: &Person, asked_at: DateTime<Utc>, outcome: Outcome) -> Result<Outcome, StoreError> {
    staff::upsert_employed(tx, person, asked_at).await?;
    let action = match outcome {
        Outcome::Added => "staff.added",
        Outcome::Returned => "staff.returned",
        _ => return Ok(outcome),
    };
    audit::append(tx, &entry(person.userid.as_str(), &person.name, person.unionid.as_ref().map(UnionId::as_str), action, "employed")).await?;
    Ok(outcome)
}

async fn apply_unknown_in(
    ctx: &Context,
    tx: &mut PgConnection,
    userid: &UserId,
    asked_at: DateTime<Utc>,
    trigger: Trigger,
) -> Result<Outcome, StoreError> {
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
    let cause = if trigger == Trigger::Leaving { LeftCause::Event } else { LeftCause::UnknownToDingTalk };
    if cause == LeftCause::UnknownToDingTalk && brake_holds(ctx, tx).await? {
        return Ok(Outcome::StaysOut("too many people have become unknown to DingTalk within a day"));
    }
    staff::mark_left(tx, std::slice::from_ref(userid), cause).await?;
    let unionid = row.unionid.as_ref().map(UnionId::as_str);
    audit::append(tx, &entry(userid.as_str(), &row.name, unionid, "staff.left", cause.as_str())).await?;
    Ok(Outcome::MarkedLeft)
}

/// Whether one more person marked through 60121 would be too many for 24 hours.
async fn brake_holds(ctx: &Context, tx: &mut PgConnection) -> Result<bool, StoreError> {
    let marked = staff::count_recently_unknown(tx).await?;
    let employed = staff::count_employed(tx).await?;
    let holds = ctx.config.sync.max_leavers.exceeded_by(marked + 1, employed + marked);
    if holds {
        tracing::error!(marked, employed, "too many people have become unknown to DingTalk within a day: nobody more is marked as left");
        alert::raise(tx, "unknown_people_brake", &marked.to_string()).await?;
    }
    Ok(holds)
}

fn entry<'a>(userid: &'a str, name: &'a str, unionid: Option<&'a str>, action: &'static str, status: &'a str) -> Entry<'a> {
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
