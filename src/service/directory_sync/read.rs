//! Reads the whole directory: every department, and all people page by page. Each page is staged at once, because
//! there may be a hundred thousand people.

mod crawler;
mod incomplete_reasons;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;

use super::lease::Calls;
use super::plan::DesiredPerson;
use super::{Abort, Progress};
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::service::employment::time_now;
use crate::store::StoreError;
use crate::store::sync_run::Run;
use crate::store::sync_staging::{self, ObservedPerson};
use crate::upstream::{ApiError, Priority, UpstreamError};

use crawler::{Request, Response};

pub use crawler::Crawler;
pub use incomplete_reasons::IncompleteReasons;

/// The rate limiter allows no more calls at once.
const IN_FLIGHT: usize = 3;
/// How long to retry when Postgres does not answer; together with the duration of the attempts, a little less than a
/// lease.
const DB_RETRY_WINDOW: Duration = Duration::from_secs(4);
const BETWEEN_TRIES: Duration = Duration::from_millis(300);

/// Reads the part of the company visible to the app. What could not be read is recorded in the crawler's problems;
/// only a ban, or a database that does not answer, ends the crawl.
pub async fn read(
    ctx: &Context,
    run: Run,
    calls: &Calls,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Crawler, Abort> {
    let mut walk = start(ctx, calls).await?;
    // Separate tasks, which continue while a response is being staged.
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
        let (ask, answer) = answered.map_err(|fault| Abort::Upstream(fault.to_string()))?;
        match answer {
            Ok((asked_at, answer)) => {
                let heard = walk.on_response(&ask, answer, asked_at);
                let taken = stage(ctx, run, heard).await.map_err(Abort::Store)?;
                walk.people += taken.new;
                walk.note_named(&ask, taken.newly_named);
            }
            Err(error) => {
                if let Some(field) = error.bad_record() {
                    walk.on_bad_record(&ask, field);
                } else {
                    let error = Abort::unless_passing(error)?;
                    walk.on_error(&ask, &error, speaks_of_question(&error));
                }
            }
        }
        progress(Progress::Reading {
            departments_read: walk.departments_read,
            departments_found: walk.departments_found(),
            people: walk.people,
        });
    }
    finish(ctx, run, walk).await.map_err(Abort::Store)
}

/// What a response has added.
#[derive(Default)]
struct Snapshot {
    /// People who were not observed before.
    new: usize,
    /// People whom no earlier response about the same department has named.
    newly_named: usize,
}

/// Stages the people of one response, merged with what earlier responses said about them.
async fn stage(
    ctx: &Context,
    run: Run,
    people: Vec<DesiredPerson>,
) -> Result<Snapshot, StoreError> {
    let mut merged: BTreeMap<UserId, DesiredPerson> = BTreeMap::new();
    for wanted in people {
        merge(&mut merged, wanted);
    }
    if merged.is_empty() {
        return Ok(Snapshot::default());
    }
    let userids: Vec<String> = merged.keys().map(|id| id.as_str().to_owned()).collect();
    let known = retry_transient(|| {
        ctx.db
            .read(async |conn| sync_staging::staged_people(conn, run.id, &userids).await)
    })
    .await?;
    // Counted before anything is written: an attempt may have written although its reply was lost.
    let repeats = |earlier: &&ObservedPerson| {
        let wanted = merged.get(&earlier.person.userid);
        wanted.is_some_and(|wanted| wanted.names_no_other_place_than(earlier))
    };
    let taken = Snapshot {
        new: merged.len() - known.len(),
        newly_named: merged.len() - known.iter().filter(repeats).count(),
    };
    for earlier in known {
        merge(&mut merged, DesiredPerson::from(earlier));
    }
    let heard: Vec<ObservedPerson> = merged.into_values().map(ObservedPerson::from).collect();
    retry_transient(|| {
        ctx.db
            .read(async |conn| sync_staging::stage_people(conn, run.id, &heard).await)
    })
    .await?;
    Ok(taken)
}

/// Retries for some seconds when Postgres does not answer. The work must be idempotent.
async fn retry_transient<T, E, F>(work: impl Fn() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: Transient,
{
    let mut since = None;
    loop {
        match work().await {
            Err(error)
                if error.is_transient()
                    && since.get_or_insert_with(Instant::now).elapsed() < DB_RETRY_WINDOW =>
            {
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
            result => return result,
        }
    }
}

/// Distinguishes errors caused by an unreachable Postgres.
trait Transient {
    fn is_transient(&self) -> bool;
}

impl Transient for StoreError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl Transient for UpstreamError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_transient())
    }
}

fn merge(people: &mut BTreeMap<UserId, DesiredPerson>, wanted: DesiredPerson) {
    match people.get_mut(&wanted.person.userid) {
        Some(known) => known.merge(wanted),
        None => {
            people.insert(wanted.person.userid.clone(), wanted);
        }
    }
}

/// Ends the crawl: people who were read in another department were not skipped after all.
async fn finish(ctx: &Context, run: Run, mut walk: Crawler) -> Result<Crawler, StoreError> {
    let skipped = walk.skipped_people();
    if !skipped.is_empty() {
        let read = retry_transient(|| {
            ctx.db
                .read(async |conn| sync_staging::staged_among(conn, run.id, &skipped).await)
        })
        .await?;
        walk.was_read_elsewhere(&read);
    }
    Ok(walk)
}

/// Asks for the app's scope, so that a part is not mistaken for the whole company.
async fn start(ctx: &Context, calls: &Calls) -> Result<Crawler, Abort> {
    calls.fetch_add(1, Ordering::Relaxed);
    match retry_transient(|| ctx.dingtalk.scopes(Priority::Sync)).await {
        Ok(scopes) => Ok(Crawler::within(scopes)),
        Err(error) if is_missing(&error) => Ok(Crawler::from_root()),
        Err(error) => {
            let error = Abort::unless_passing(error)?;
            let mut walk = Crawler::from_root();
            walk.problems.add(error.to_string());
            Ok(walk)
        }
    }
}

/// Whether DingTalk has no such API. The crawl then relies on the responses of the other APIs.
fn is_missing(error: &UpstreamError) -> bool {
    matches!(error.code(), Some(22 | 404))
        || matches!(
            error,
            UpstreamError::Api(ApiError::Http { status: 404, .. })
        )
}

/// Whether the rejection concerns the requested department or person, such as one outside the app's scope, and not
/// the connection, the token or the app.
fn speaks_of_question(error: &UpstreamError) -> bool {
    match error {
        UpstreamError::Api(error @ ApiError::Refused { .. }) => !error.is_app_rejected(),
        _ => false,
    }
}

type Heard = Result<(DateTime<Utc>, Response), UpstreamError>;

/// Makes a request and records when it was made.
async fn put(ctx: Context, ask: Request) -> (Request, Heard) {
    let heard = retry_transient(|| async {
        let asked_at = time_now(&ctx).await?;
        Ok((asked_at, ask_upstream(&ctx, &ask).await?))
    })
    .await;
    (ask, heard)
}

async fn ask_upstream(ctx: &Context, ask: &Request) -> Result<Response, UpstreamError> {
    let priority = Priority::Sync;
    Ok(match ask {
        Request::Department(dept_id) => {
            Response::Department(ctx.dingtalk.department(priority, *dept_id).await?)
        }
        Request::Children(dept_id) => {
            Response::Children(ctx.dingtalk.sub_departments(priority, *dept_id).await?)
        }
        Request::Page {
            dept_id, cursor, ..
        } => Response::Page(
            ctx.dingtalk
                .users_of_department(priority, *dept_id, *cursor)
                .await?,
        ),
        Request::Person(userid) => Response::Person(ctx.dingtalk.user(priority, userid).await?),
    })
}
