//! Reads the whole directory: every department, and every person by paging.

mod problems;
mod walk;

use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::lease::Calls;
use super::{Progress, Stop};
use crate::context::Context;
use crate::dingtalk::ApiError;
use crate::service::employment::time_now;
use crate::service::upstream::{self, Priority, UpstreamError};

use walk::{Answer, Ask};

pub use problems::Problems;
pub use walk::Walk;

/// The budget of calls lets no more through at once.
const IN_FLIGHT: usize = 3;

/// Reads what the app may see of the company. What could not be read stands in the walk's problems;
/// only a ban, or a database that does not answer, stops it.
pub async fn read(
    ctx: &Context,
    calls: &Calls,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Walk, Stop> {
    let mut walk = start(ctx, calls).await?;
    let mut in_flight = FuturesUnordered::new();
    loop {
        while in_flight.len() < IN_FLIGHT
            && let Some(ask) = walk.next()
        {
            calls.fetch_add(1, Ordering::Relaxed);
            in_flight.push(put(ctx.clone(), ask));
        }
        let Some((ask, answer)) = in_flight.next().await else {
            break;
        };
        match answer {
            Ok((asked_at, answer)) => walk.hear(&ask, answer, asked_at),
            Err(error) => walk.miss(&ask, &Stop::unless_passing(error)?),
        }
        progress(Progress::Reading {
            departments_read: walk.departments_read,
            departments_found: walk.departments_found(),
            people: walk.reading.people.len(),
        });
    }
    Ok(walk.finish())
}

/// Asks what the app may see, so as not to take a part for the whole.
async fn start(ctx: &Context, calls: &Calls) -> Result<Walk, Stop> {
    calls.fetch_add(1, Ordering::Relaxed);
    match upstream::scopes(ctx, Priority::Sync).await {
        Ok(scopes) => Ok(Walk::within(scopes)),
        Err(error) if is_missing(&error) => Ok(Walk::from_root()),
        Err(error) => {
            let error = Stop::unless_passing(error)?;
            let mut walk = Walk::from_root();
            walk.problems.add(error.to_string());
            Ok(walk)
        }
    }
}

/// Whether DingTalk has no such interface. Then the answers to the questions themselves must do.
fn is_missing(error: &UpstreamError) -> bool {
    matches!(error.code(), Some(22 | 404))
        || matches!(
            error,
            UpstreamError::Api(ApiError::Http { status: 404, .. })
        )
}

type Heard = Result<(DateTime<Utc>, Answer), UpstreamError>;

/// Puts a question, and remembers when it was.
async fn put(ctx: Context, ask: Ask) -> (Ask, Heard) {
    let heard = async {
        let asked_at = time_now(&ctx).await?;
        Ok((asked_at, ask_upstream(&ctx, &ask).await?))
    };
    let heard = heard.await;
    (ask, heard)
}

async fn ask_upstream(ctx: &Context, ask: &Ask) -> Result<Answer, UpstreamError> {
    let priority = Priority::Sync;
    Ok(match ask {
        Ask::Department(dept_id) => {
            Answer::Department(upstream::department(ctx, priority, *dept_id).await?)
        }
        Ask::Children(dept_id) => {
            Answer::Children(upstream::sub_departments(ctx, priority, *dept_id).await?)
        }
        Ask::Page {
            dept_id, cursor, ..
        } => Answer::Page(upstream::users_of_department(ctx, priority, *dept_id, *cursor).await?),
        Ask::Person(userid) => Answer::Person(upstream::user(ctx, priority, userid).await?),
    })
}
