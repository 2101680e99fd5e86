//! Resolves unionids that move between employed people: everyone who has a unionid that another person should have
//! is looked up, and all are written in one transaction, by the rules of a full sync.

use crate::domain::alert::Problem;
use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::apply::{self, EmploymentDecision, apply_unknown, carry_out};
use super::{Lookup, Outcome, Trigger, Warrant, time_now};
use crate::context::Context;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::{Person, Status};
use crate::domain::unionid_claims::UnionidClaims;
use crate::store::employment::{self, PeopleLock, lock_people};
use crate::store::staff::{self, StaffRow};
use crate::store::{Conn, StoreError, alert, unionid_conflict};
use crate::upstream::{Priority, UpstreamError};

/// Maximum number of people of one chain to look up; the next recheck continues it.
const MAX_CONFLICTING_ROWS: usize = 50;

/// An employed person who has the unionid of another, and what DingTalk says about them.
struct ConflictingRow {
    userid: UserId,
    /// `None` if DingTalk does not know them.
    person: Option<Person>,
    asked_at: DateTime<Utc>,
}

/// Writes a person whose unionid another employed row has, together with all people whose unionid moves too.
pub(super) async fn settle(
    ctx: &Context,
    priority: Priority,
    person: &Person,
    lookup: &Lookup<'_>,
) -> Result<Outcome, UpstreamError> {
    let rivals = look_up_rivals(ctx, priority, person).await?;
    let settled = ctx
        .db
        .tx(async |tx| settle_in(ctx, tx, person, lookup, &rivals).await)
        .await;
    match settled {
        // Another transaction took the unionid between our check and our write.
        Err(error) if error.violates(staff::EMPLOYED_UNIONID) => Ok(Outcome::UnionidTaken(None)),
        settled => Ok(settled?),
    }
}

/// Whether an employed row other than the person's has the person's unionid.
pub(super) async fn has_conflict(ctx: &Context, person: &Person) -> Result<bool, StoreError> {
    let Some(unionid) = &person.unionid else {
        return Ok(false);
    };
    let holder = ctx
        .db
        .read(async |conn| employed_holder(conn, unionid).await)
        .await?;
    Ok(holder.is_some_and(|holder| holder.userid != person.userid))
}

async fn employed_holder(
    conn: &mut Conn,
    unionid: &UnionId,
) -> Result<Option<StaffRow>, StoreError> {
    let holder = staff::find_by_unionid(conn, unionid).await?;
    Ok(holder.filter(|row| row.status == Status::Employed))
}

/// Looks up the holder of the person's unionid, then the holder of that person's new unionid, and so on to the end
/// of the chain, or back to its start.
async fn look_up_rivals(
    ctx: &Context,
    priority: Priority,
    person: &Person,
) -> Result<Vec<ConflictingRow>, UpstreamError> {
    let mut rivals: Vec<ConflictingRow> = Vec::new();
    let mut wanted = person.unionid.clone();
    while let Some(unionid) = wanted.take()
        && rivals.len() < MAX_CONFLICTING_ROWS
    {
        let holder = ctx
            .db
            .read(async |conn| employed_holder(conn, &unionid).await)
            .await?;
        let is_known = |holder: &StaffRow| {
            holder.userid == person.userid || rivals.iter().any(|r| r.userid == holder.userid)
        };
        let Some(holder) = holder.filter(|holder| !is_known(holder)) else {
            break;
        };
        let asked_at = time_now(ctx).await?;
        let person = match ctx.dingtalk.user(priority, &holder.userid).await {
            Ok(person) => Some(person),
            Err(error) if error.is_unknown_person() => None,
            Err(error @ UpstreamError::Store(_)) => return Err(error),
            Err(error) => {
                // The conflicting row keeps the unionid for now; the person's other fields are written nevertheless.
                tracing::debug!(%error, "a person with the unionid of another could not be looked up");
                break;
            }
        };
        wanted = person
            .as_ref()
            .and_then(|person| person.unionid.clone())
            .filter(|wanted| *wanted != unionid);
        rivals.push(ConflictingRow {
            userid: holder.userid,
            person,
            asked_at,
        });
    }
    Ok(rivals)
}

/// A person who exists in DingTalk, and what to do about them.
struct Claimant<'a> {
    person: &'a Person,
    asked_at: DateTime<Utc>,
    decided: EmploymentDecision,
}

impl Claimant<'_> {
    fn is_employed(&self) -> bool {
        let row = self.decided.row.as_ref();
        row.is_some_and(|row| row.status == Status::Employed)
    }

    fn stored(&self) -> Option<&UnionId> {
        let row = self.decided.row.as_ref();
        row.filter(|row| row.status == Status::Employed)?
            .unionid
            .as_ref()
    }

    /// Returns the unionid that the person should have: if DingTalk does not show one, the stored one stays.
    fn wanted(&self) -> Option<&UnionId> {
        self.person.unionid.as_ref().or(self.stored())
    }

    fn is_to_be_employed(&self) -> bool {
        self.decided.is_to_be_employed()
    }

    fn gives_unionid_up(&self) -> bool {
        self.is_to_be_employed() && self.stored().is_some() && self.stored() != self.wanted()
    }
}

async fn settle_in(
    ctx: &Context,
    tx: &mut Conn,
    person: &Person,
    lookup: &Lookup<'_>,
    rivals: &[ConflictingRow],
) -> Result<Outcome, StoreError> {
    let mut userids: Vec<UserId> = rivals.iter().map(|rival| rival.userid.clone()).collect();
    userids.push(person.userid.clone());
    let people = &mut lock_people(tx, &userids).await?;
    staff::lock_all(people, &userids).await?;
    let mut claimants = vec![claimant(ctx, people, person, lookup).await?];
    for rival in rivals {
        let lookup = Lookup {
            at: rival.asked_at,
            trigger: Trigger::Event,
            warrant: Warrant::None,
        };
        match &rival.person {
            Some(person) => claimants.push(claimant(ctx, people, person, &lookup).await?),
            None => drop(apply_unknown(ctx, people, &rival.userid, &lookup).await?),
        }
    }
    let refused = refused(people, &claimants).await?;
    let moving: Vec<UserId> = claimants
        .iter()
        .filter(|claimant| {
            claimant.gives_unionid_up() && !refused.contains(&claimant.person.userid)
        })
        .map(|claimant| claimant.person.userid.clone())
        .collect();
    // Several people may exchange unionids: all release theirs first.
    employment::release_unionids(people, &moving).await?;
    write_all(people, &claimants, &refused).await
}

async fn claimant<'a>(
    ctx: &Context,
    people: &mut PeopleLock<'_>,
    person: &'a Person,
    lookup: &Lookup<'_>,
) -> Result<Claimant<'a>, StoreError> {
    Ok(Claimant {
        person,
        asked_at: lookup.at,
        decided: apply::decide_person(ctx, people, person, lookup).await?,
    })
}

/// Returns the people who cannot have the unionid that DingTalk reports for them.
async fn refused(tx: &mut Conn, claimants: &[Claimant<'_>]) -> Result<HashSet<UserId>, StoreError> {
    let mut others = Vec::new();
    for unionid in claimants.iter().filter_map(Claimant::wanted) {
        let holder = employed_holder(tx, unionid).await?;
        others.extend(holder.filter(|holder| {
            claimants
                .iter()
                .all(|claimant| claimant.person.userid != holder.userid)
        }));
    }
    let mut claims = UnionidClaims::default();
    for other in &others {
        claims.keeps(&other.userid, other.unionid.as_ref());
    }
    for claimant in claimants {
        let (userid, stored) = (&claimant.person.userid, claimant.stored());
        if claimant.is_to_be_employed() {
            claims.takes(userid, stored, claimant.wanted());
        } else if claimant.is_employed() {
            claims.keeps(userid, stored);
        }
    }
    Ok(claims.refused())
}

/// Writes all people; returns the outcome of the first. For conflicting ones everything but the unionid is written;
/// those who are not employed yet wait.
async fn write_all(
    people: &mut PeopleLock<'_>,
    claimants: &[Claimant<'_>],
    refused: &HashSet<UserId>,
) -> Result<Outcome, StoreError> {
    let mut outcomes = Vec::new();
    let is_refused = |claimant: &Claimant<'_>| refused.contains(&claimant.person.userid);
    for claimant in claimants {
        let (person, asked_at) = (claimant.person, claimant.asked_at);
        if !is_refused(claimant) {
            outcomes.push(carry_out(people, person, asked_at, &claimant.decided).await?);
            continue;
        }
        if claimant.is_employed() {
            employment::update(people, &apply::without_unionid(person), asked_at).await?;
        }
        outcomes.push(Outcome::UnionidTaken(None));
    }
    for (claimant, outcome) in claimants.iter().zip(&mut outcomes) {
        if is_refused(claimant)
            && let Some(unionid) = claimant.wanted()
        {
            let holder = employed_holder(people, unionid)
                .await?
                .map(|row| row.userid);
            record_conflict(people, &claimant.person.userid, unionid, holder.as_ref()).await?;
            *outcome = Outcome::UnionidTaken(holder);
        }
    }
    // The first claimant is the person to be written.
    Ok(outcomes.swap_remove(0))
}

async fn record_conflict(
    tx: &mut Conn,
    userid: &UserId,
    unionid: &UnionId,
    holder: Option<&UserId>,
) -> Result<(), StoreError> {
    let (waiting, is_new) = unionid_conflict::note(tx, userid, unionid, holder).await?;
    if is_new {
        tracing::warn!(
            userid = userid.as_str(),
            holder = holder.map(UserId::as_str),
            "unionid belongs to another employed row"
        );
    }
    alert::raise(tx, Problem::UnionidConflict, &waiting.to_string()).await
}
