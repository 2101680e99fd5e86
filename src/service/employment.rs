//! Asks DingTalk about one person and carries out what [`crate::domain::employment`] decides.

mod apply;
mod unionids;

use chrono::{DateTime, Utc};

use crate::context::Context;
use crate::domain::employment::{Authority, Reason};
use crate::domain::ids::UserId;
use crate::domain::person::Person;
use crate::store::audit::Actor;
use crate::store::employment::lock_people;
use crate::store::recheck::RecheckClaim;
use crate::store::staff::{self, StaffRow};
use crate::store::{Conn, StoreError};
use crate::upstream::{Priority, UpstreamError};

/// Why a person is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// A login that DingTalk answered with 60121.
    Login,
    /// An event that says neither that the person joined nor that the person left.
    Event,
    /// The recheck some time after a leave event.
    Leaving,
    /// The recheck some time after a join event whose person DingTalk did not know yet.
    LateJoin,
    /// An event that says that the person joined or activated the account.
    Join,
}

impl Trigger {
    /// Returns what the answer may do. `is_standing` is false if the reason to ask has been withdrawn meanwhile.
    fn authority(self, is_standing: bool) -> Authority {
        match self {
            Self::Leaving if is_standing => Authority::LeaveRecheck,
            Self::Login | Self::Event | Self::Leaving => Authority::Change,
            Self::LateJoin | Self::Join => Authority::Join { is_standing },
        }
    }
}

/// What must still be valid when the answer is written, for it to rehire somebody: a leave event that arrived meanwhile
/// has invalidated it.
#[derive(Debug, Clone, Copy)]
pub enum Warrant<'a> {
    /// The trigger rehires nobody.
    None,
    /// For [`Trigger::Join`].
    JoinEvents(&'a [i64]),
    /// For [`Trigger::Leaving`] and [`Trigger::LateJoin`].
    Recheck(RecheckClaim),
}

/// The result of a lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Added,
    Changed,
    Returned,
    MarkedLeft,
    /// The employment stays as it is, for this reason.
    Ignored(Reason),
    /// The person would have been marked as left, but too many people have become unknown to DingTalk within a day.
    LeaverLimitReached,
    /// The unionid could not be written, because the given employed row has it (`None` if its owner cannot be
    /// determined). Everything else is written if the person is employed; the rest is retried later.
    UnionidTaken(Option<UserId>),
}

/// Asks DingTalk about one person and updates the staff table accordingly.
///
/// Nobody is marked as left because a call failed: only if DingTalk says that it does not know them.
pub async fn refresh_person(
    ctx: &Context,
    priority: Priority,
    userid: &UserId,
    trigger: Trigger,
    warrant: Warrant<'_>,
) -> Result<Outcome, UpstreamError> {
    let lookup = Lookup {
        at: time_now(ctx).await?,
        trigger,
        warrant,
    };
    let person = match ctx.dingtalk.user(priority, userid).await {
        Ok(person) => Some(person),
        Err(error) if error.is_unknown_person() => None,
        Err(error) => return Err(error),
    };
    let Some(person) = person else {
        return Ok(apply_unknown(ctx, userid, &lookup).await?);
    };
    match apply_known(ctx, &person, &lookup).await {
        // The row that has the unionid may be outdated.
        Err(error) if error.violates(staff::EMPLOYED_UNIONID) => {
            unionids::settle(ctx, priority, &person, &lookup).await
        }
        applied => Ok(applied?),
    }
}

/// Looks up every employed person who has a unionid that should be somebody else's, starting with this person's
/// unionid, and writes what DingTalk says about them and about this person. Employs nobody who is not employed.
pub async fn settle_unionid(
    ctx: &Context,
    priority: Priority,
    person: &Person,
    asked_at: DateTime<Utc>,
) -> Result<(), UpstreamError> {
    if !unionids::has_conflict(ctx, person).await? {
        return Ok(());
    }
    let lookup = Lookup {
        at: asked_at,
        trigger: Trigger::Event,
        warrant: Warrant::None,
    };
    unionids::settle(ctx, priority, person, &lookup)
        .await
        .map(drop)
}

/// Writes to the audit log that a decision has changed a row's unionid. `row` is the previous row.
pub async fn record_unionid_change(
    tx: &mut Conn,
    actor: Actor<'_>,
    address: Option<&str>,
    row: Option<&StaffRow>,
    person: &Person,
) -> Result<(), StoreError> {
    match row {
        Some(row) => apply::record_unionid_change(tx, actor, address, row, person).await,
        None => Ok(()),
    }
}

/// Returns Postgres's time, taken before DingTalk is asked: anything stored later takes precedence over the answer.
pub async fn time_now(ctx: &Context) -> Result<DateTime<Utc>, StoreError> {
    ctx.db.read(async |conn| staff::now(conn).await).await
}

/// A question to DingTalk: when it was asked, and why.
struct Lookup<'a> {
    at: DateTime<Utc>,
    trigger: Trigger,
    warrant: Warrant<'a>,
}

async fn apply_known(
    ctx: &Context,
    person: &Person,
    lookup: &Lookup<'_>,
) -> Result<Outcome, StoreError> {
    ctx.db
        .tx(async |tx| {
            let mut people = lock_people(tx, std::slice::from_ref(&person.userid)).await?;
            let decided = apply::decide_person(ctx, &mut people, person, lookup).await?;
            apply::carry_out(&mut people, person, lookup.at, &decided).await
        })
        .await
}

async fn apply_unknown(
    ctx: &Context,
    userid: &UserId,
    lookup: &Lookup<'_>,
) -> Result<Outcome, StoreError> {
    ctx.db
        .tx(async |tx| {
            let mut people = lock_people(tx, std::slice::from_ref(userid)).await?;
            apply::apply_unknown(ctx, &mut people, userid, lookup).await
        })
        .await
}
