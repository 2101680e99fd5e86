//! Looks up the people of waiting cases in DingTalk's directory, in the background, so that the people who decide see them
//! before pressing a button.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{ReviewError, check_actor};
use crate::context::Context;
use crate::domain::case::Standing;
use crate::domain::ids::UnionId;
use crate::domain::person::Person;
use crate::domain::queue::LaneName;
use crate::service::actor::Actor;
use crate::service::employment;
use crate::service::events::{ErrorClass, LookupError, LookupOutcome};
use crate::service::queue::{ClaimBatch, Lane, Pool, Process, Task, Urgency};
use crate::store::unmatched;
use crate::store::unmatched::lookup::{self, ClaimedLookup};
use crate::store::{Conn, StoreError, admin_grant};
use crate::upstream::{ApiError, Priority, UpstreamError};

/// Rechecks and events need most of the calls that may be in flight in the background.
const CONCURRENCY: usize = 1;
/// Maximum number of unreadable answers about a person; refusals and outages are retried without limit.
const MAX_UNREADABLE: i32 = 20;
/// Delay before a lookup is tried again that was released because others got no answer from DingTalk.
const REQUEUE_DELAY: Duration = Duration::from_secs(1);

/// Has the person of a case looked up again at once.
pub async fn request_lookup(
    ctx: &Context,
    by: &Actor<'_>,
    case_id: i64,
) -> Result<(), ReviewError> {
    ctx.db
        .tx(async |tx| {
            admin_grant::serialise_shared(tx).await?;
            let case = unmatched::find(tx, case_id)
                .await?
                .ok_or(ReviewError::NotFound)?;
            check_actor(ctx, tx, by, &case).await?;
            // As a decision does, which schedules a lookup after it.
            unmatched::lock(tx, case_id).await?;
            Ok::<_, ReviewError>(lookup::request(tx, case_id).await?)
        })
        .await?;
    ctx.work.wake(LaneName::ReviewLookups);
    Ok(())
}

/// The lane of lookups.
pub struct LookupLane {
    ctx: Context,
    stop: CancellationToken,
    claimed: BTreeSet<i64>,
}

impl LookupLane {
    /// Creates the lane without claims.
    pub fn new(ctx: &Context, stop: &CancellationToken) -> Self {
        Self {
            ctx: ctx.clone(),
            stop: stop.clone(),
            claimed: BTreeSet::new(),
        }
    }
}

impl Task for ClaimedLookup {
    type Subject = i64;
    type Error = LookupError;

    fn subject(&self) -> i64 {
        self.case_id
    }

    /// The claim has put first attempts before retries.
    fn urgency(&self) -> Urgency {
        Urgency::now(false, true)
    }

    /// A case has one lookup.
    fn merge(&mut self, _same: Self) {}
}

impl Lane for LookupLane {
    type Task = ClaimedLookup;
    /// As many lookups as there are free slots.
    type Claim = i64;

    const NAME: LaneName = LaneName::ReviewLookups;
    const CONCURRENCY: usize = CONCURRENCY;

    fn process(&self) -> Process<ClaimedLookup> {
        let ctx = self.ctx.clone();
        Box::new(move |claimed| {
            let (ctx, claimed) = (ctx.clone(), claimed.clone());
            Box::pin(async move { LookupOutcome::from(look_up(&ctx, &claimed).await) })
        })
    }

    fn next_claim(&self, pool: &Pool<ClaimedLookup>) -> Option<i64> {
        let free = CONCURRENCY.saturating_sub(pool.count());
        i64::try_from(free).ok().filter(|free| *free > 0)
    }

    async fn claim(&mut self, limit: i64) -> Result<ClaimBatch<ClaimedLookup>, StoreError> {
        let (db, instance) = (&self.ctx.db, self.ctx.instance);
        let claimed = db
            .read(async |conn| lookup::claim_batch(conn, instance, limit).await)
            .await?;
        self.claimed
            .extend(claimed.iter().map(|claimed| claimed.id));
        Ok(ClaimBatch::for_slots(claimed, limit))
    }

    async fn finish(
        &mut self,
        claimed: ClaimedLookup,
        outcome: LookupOutcome,
    ) -> Result<(), StoreError> {
        self.claimed.remove(&claimed.id);
        let (db, instance, id) = (&self.ctx.db, self.ctx.instance, claimed.id);
        let delay = if self.stop.is_cancelled() {
            Duration::ZERO
        } else {
            REQUEUE_DELAY
        };
        db.read(async |conn| match outcome {
            // The lookup was deleted with the answer's being stored.
            LookupOutcome::Done => Ok(()),
            LookupOutcome::NotStarted => lookup::release(conn, instance, &[id], delay).await,
            LookupOutcome::Failed(error)
                if error.class == ErrorClass::Permanent && claimed.attempts >= MAX_UNREADABLE =>
            {
                tracing::warn!(
                    case = claimed.case_id,
                    reason = error.reason,
                    "review lookup abandoned"
                );
                lookup::delete(conn, instance, id).await
            }
            LookupOutcome::Failed(error) => {
                let wait = error.back_off(claimed.attempts);
                lookup::postpone(conn, instance, id, wait, &error.reason).await
            }
        })
        .await
    }

    async fn renew(&mut self) -> Result<(), StoreError> {
        let (db, instance) = (&self.ctx.db, self.ctx.instance);
        let ids: Vec<i64> = self.claimed.iter().copied().collect();
        db.read(async |conn| lookup::renew(conn, instance, &ids).await)
            .await?;
        Ok(())
    }
}

/// What the directory says about a person.
enum Entry {
    Member(Box<Person>),
    Other(Standing),
}

/// Asks DingTalk, with no transaction open, and stores the answer with the time before the question.
async fn look_up(ctx: &Context, claimed: &ClaimedLookup) -> Result<(), UpstreamError> {
    let asked_at = employment::time_now(ctx).await?;
    let priority = if claimed.is_retry {
        Priority::Retry
    } else {
        Priority::Recheck
    };
    let entry = ask(ctx, priority, &claimed.unionid).await?;
    let stored = ctx.db.tx(async |tx: &mut Conn| {
        // A login that is refused at this moment locks the case before its person, too.
        unmatched::lock(tx, claimed.case_id).await?;
        match &entry {
            Entry::Member(person) => {
                unmatched::store_member(tx, claimed.case_id, person, asked_at).await?;
            }
            Entry::Other(standing) => {
                unmatched::store_standing(tx, claimed.case_id, *standing, asked_at).await?;
            }
        }
        lookup::delete(tx, ctx.instance, claimed.id).await
    });
    Ok(stored.await?)
}

async fn ask(ctx: &Context, priority: Priority, unionid: &UnionId) -> Result<Entry, UpstreamError> {
    let contact = match ctx.dingtalk.userid_by_unionid(priority, unionid).await {
        Ok(contact) if contact.is_internal => contact,
        Ok(_) => return Ok(Entry::Other(Standing::External)),
        Err(error) if error.is_unknown_person() => return Ok(Entry::Other(Standing::Unlisted)),
        Err(error) => return Err(error),
    };
    match ctx.dingtalk.user(priority, &contact.userid).await {
        // The two answers contradict each other, as an approval would find: a later one may not.
        Ok(person) if person.unionid.as_ref().is_some_and(|own| own != unionid) => {
            Err(UpstreamError::Api(ApiError::BadRecord {
                api: "topapi/v2/user/get",
                field: "unionid",
            }))
        }
        Ok(person) => Ok(Entry::Member(Box::new(person))),
        Err(error) if error.is_unknown_person() => Ok(Entry::Other(Standing::Unlisted)),
        Err(error) => Err(error),
    }
}
