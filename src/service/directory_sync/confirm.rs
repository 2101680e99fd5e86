//! The last question before anybody is marked as left: pages can shift while they are read, and
//! people be moved from a department that is yet to be read into one that was.

use std::sync::atomic::Ordering;

use futures_util::{StreamExt, stream};

use super::lease::Calls;
use super::plan::Absent;
use super::{Progress, Stop};
use crate::context::Context;
use crate::domain::person::Person;
use crate::service::upstream::{self, Priority, UpstreamError};

const IN_FLIGHT: usize = 3;

/// What DingTalk says of the people that no department lists.
pub enum Confirmed {
    /// Those whom it does not know any more, and those whom it still describes.
    Leavers(Vec<Absent>, Vec<Person>),
    /// A question failed: nobody may be marked as left.
    Failed(UpstreamError),
}

/// Asks DingTalk about each of these people.
pub async fn confirm(
    ctx: &Context,
    calls: &Calls,
    absent: &[Absent],
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Confirmed, Stop> {
    let total = absent.len();
    let questions: Vec<_> = absent
        .iter()
        .map(|person| ask(ctx.clone(), calls.clone(), person.clone()))
        .collect();
    let mut answers = stream::iter(questions).buffer_unordered(IN_FLIGHT);
    let (mut gone, mut still_known) = (Vec::new(), Vec::new());
    while let Some((person, answer)) = answers.next().await {
        match answer {
            Ok(known) => still_known.push(known),
            Err(error) if error.is_unknown_person() => gone.push(person),
            Err(error) => return Ok(Confirmed::Failed(Stop::unless_passing(error)?)),
        }
        progress(Progress::Confirming {
            done: gone.len() + still_known.len(),
            total,
        });
    }
    Ok(Confirmed::Leavers(gone, still_known))
}

async fn ask(
    ctx: Context,
    calls: Calls,
    person: Absent,
) -> (Absent, Result<Person, UpstreamError>) {
    calls.fetch_add(1, Ordering::Relaxed);
    let answer = upstream::user(&ctx, Priority::Sync, &person.userid).await;
    (person, answer)
}
