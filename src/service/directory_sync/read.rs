//! Reads the whole directory: every department, and every person by paging. The people are taken down
//! page by page, for there may be a hundred thousand of them.

mod problems;
mod walk;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;

use super::lease::Calls;
use super::plan::Wanted;
use super::{Progress, Stop};
use crate::context::Context;
use crate::dingtalk::ApiError;
use crate::domain::ids::UserId;
use crate::service::employment::time_now;
use crate::service::upstream::{self, Priority, UpstreamError};
use crate::store::StoreError;
use crate::store::sync_run::Run;
use crate::store::sync_scratch::{self, HeardPerson};

use walk::{Answer, Ask};

pub use problems::Problems;
pub use walk::Walk;

/// The budget of calls lets no more through at once.
const IN_FLIGHT: usize = 3;

/// Reads what the app may see of the company. What could not be read stands in the walk's problems;
/// only a ban, or a database that does not answer, stops it.
pub async fn read(
    ctx: &Context,
    run: Run,
    calls: &Calls,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Walk, Stop> {
    let mut walk = start(ctx, calls).await?;
    // Tasks of their own, which go on while an answer is taken down.
    let mut in_flight = JoinSet::new();
    loop {
        while in_flight.len() < IN_FLIGHT
            && let Some(ask) = walk.next()
        {
            calls.fetch_add(1, Ordering::Relaxed);
            in_flight.spawn(put(ctx.clone(), ask));
        }
        let Some(answered) = in_flight.join_next().await else {
            break;
        };
        let (ask, answer) = answered.map_err(|fault| Stop::Nothing(fault.to_string()))?;
        match answer {
            Ok((asked_at, answer)) => {
                let heard = walk.hear(&ask, answer, asked_at);
                walk.people += take_down(ctx, run, heard).await.map_err(Stop::Store)?;
            }
            Err(error) => walk.miss(&ask, &Stop::unless_passing(error)?),
        }
        progress(Progress::Reading {
            departments_read: walk.departments_read,
            departments_found: walk.departments_found(),
            people: walk.people,
        });
    }
    finish(ctx, run, walk).await.map_err(Stop::Store)
}

/// Takes down what one answer says of people, together with what earlier answers said of them; gives
/// how many are new.
async fn take_down(ctx: &Context, run: Run, people: Vec<Wanted>) -> Result<usize, StoreError> {
    let mut merged: BTreeMap<UserId, Wanted> = BTreeMap::new();
    for wanted in people {
        merge(&mut merged, wanted);
    }
    if merged.is_empty() {
        return Ok(0);
    }
    let userids: Vec<String> = merged.keys().map(|id| id.as_str().to_owned()).collect();
    ctx.db
        .within(async {
            let mut conn = ctx.db.acquire().await?;
            let known = sync_scratch::heard(&mut conn, run.id, &userids).await?;
            let new = merged.len() - known.len();
            for earlier in known {
                merge(&mut merged, Wanted::from(earlier));
            }
            let heard: Vec<HeardPerson> = merged.into_values().map(HeardPerson::from).collect();
            sync_scratch::put_heard(&mut conn, run.id, &heard).await?;
            Ok(new)
        })
        .await
}

fn merge(people: &mut BTreeMap<UserId, Wanted>, wanted: Wanted) {
    match people.get_mut(&wanted.person.userid) {
        Some(known) => known.merge(wanted),
        None => {
            people.insert(wanted.person.userid.clone(), wanted);
        }
    }
}

/// The end of the walk: who was read elsewhere was not passed over after all.
async fn finish(ctx: &Context, run: Run, mut walk: Walk) -> Result<Walk, StoreError> {
    let skipped = walk.skipped_people();
    if !skipped.is_empty() {
        let read = ctx
            .db
            .within(async {
                let mut conn = ctx.db.acquire().await?;
                sync_scratch::heard_among(&mut conn, run.id, &skipped).await
            })
            .await?;
        walk.was_read_elsewhere(&read);
    }
    Ok(walk)
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
