//! The last question before anybody is marked as left: pages can shift while they are read, and
//! people be moved from a department that is yet to be read into one that was.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use futures_util::{StreamExt, stream};

use super::lease::Calls;
use super::plan::Absent;
use super::skip::{Skip, SkipReason};
use super::{Progress, Stop};
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::service::upstream::{self, Priority, UpstreamError};

const IN_FLIGHT: usize = 3;

/// What DingTalk says of the people that no department lists.
pub enum Confirmed {
    /// Those whom it does not know any more, and those whom it still does.
    Leavers(Vec<Absent>, Vec<Skip>),
    /// A question failed: nobody may be marked as left.
    Failed(UpstreamError),
}

/// Asks DingTalk about each of these people.
pub async fn confirm(
    ctx: &Context,
    calls: &Calls,
    absent: Vec<Absent>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Confirmed, Stop> {
    let total = absent.len();
    let questions: Vec<_> = absent.iter().map(|person| is_known(ctx.clone(), calls.clone(), person.userid.clone())).collect();
    let mut answers = stream::iter(questions).buffer_unordered(IN_FLIGHT);
    let mut known = HashMap::new();
    while let Some((userid, answer)) = answers.next().await {
        match answer {
            Ok(is_known) => known.insert(userid, is_known),
            Err(error) => return Ok(Confirmed::Failed(Stop::unless_passing(error)?)),
        };
        progress(Progress::Confirming { done: known.len(), total });
    }
    let (still_known, gone): (Vec<_>, Vec<_>) = absent.into_iter().partition(|a| known.get(&a.userid).copied().unwrap_or(true));
    let skip = |person: Absent| Skip { userid: Some(person.userid), reason: SkipReason::StillKnown };
    Ok(Confirmed::Leavers(gone, still_known.into_iter().map(skip).collect()))
}

async fn is_known(ctx: Context, calls: Calls, userid: UserId) -> (UserId, Result<bool, UpstreamError>) {
    calls.fetch_add(1, Ordering::Relaxed);
    let answer = match upstream::user(&ctx, Priority::Sync, &userid).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_unknown_person() => Ok(false),
        Err(error) => Err(error),
    };
    (userid, answer)
}
