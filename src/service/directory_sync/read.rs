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
use super::{Abort, Progress, dingtalk_problem};
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::domain::sync_problem::{SyncProblem, SyncProblemCode};
use crate::service::employment::time_now;
use crate::store::StoreError;
use crate::store::sync_run::Run;
use crate::store::sync_staging::{self, ObservedPerson};
use crate::upstream::{ApiError, Priority, UpstreamError};

use crawler::{Request, Response};

pub use crawler::Crawler;

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
    let mut crawler = start(ctx, calls).await?;
    // Separate tasks, which continue while a response is being staged.
    let mut in_flight = JoinSet::new();
    loop {
        while in_flight.len() < IN_FLIGHT
            && let Some(ask) = crawler.next()
        {
            calls.fetch_add(1, Ordering::Relaxed);
            in_flight.spawn(put(ctx.clone(), ask));
        }
        let Some(finished) = in_flight.join_next().await else {
            break;
        };
        let (ask, response) = finished.map_err(|fault| {
            Abort::from(SyncProblem::from(SyncProblemCode::Internal).with_detail(fault.to_string()))
        })?;
        match response {
            Ok((asked_at, response)) => {
                let people = crawler.on_response(&ask, response, asked_at);
                let added = stage(ctx, run, people).await.map_err(Abort::Store)?;
                crawler.people += added.new;
                crawler.note_named(&ask, added.newly_named);
            }
            Err(error) => {
                if let Some(field) = error.bad_record() {
                    crawler.on_bad_record(&ask, field);
                } else {
                    let error = Abort::unless_passing(error)?;
                    crawler.on_error(&ask, &error, speaks_of_question(&error));
                }
            }
        }
        progress(Progress::Reading {
            departments_read: crawler.departments_read,
            departments_found: crawler.departments_found(),
            people: crawler.people,
        });
    }
    finish(ctx, run, crawler).await.map_err(Abort::Store)
}

/// What a response has added.
#[derive(Default)]
struct Snapshot {
    /// People who were not observed before.
    new: usize,
    /// People that no earlier response for the same department has named.
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
    let staged = retry_transient(|| {
        ctx.db
            .read(async |conn| sync_staging::staged_people(conn, run.id, &userids).await)
    })
    .await?;
    // Counted before anything is written: an attempt may have written although its reply was lost.
    let repeats = |earlier: &&ObservedPerson| {
        let wanted = merged.get(&earlier.person.userid);
        wanted.is_some_and(|wanted| wanted.names_no_other_place_than(earlier))
    };
    let added = Snapshot {
        new: merged.len() - staged.len(),
        newly_named: merged.len() - staged.iter().filter(repeats).count(),
    };
    for earlier in staged {
        merge(&mut merged, DesiredPerson::from(earlier));
    }
    let observed: Vec<ObservedPerson> = merged.into_values().map(ObservedPerson::from).collect();
    retry_transient(|| {
        ctx.db
            .read(async |conn| sync_staging::stage_people(conn, run.id, &observed).await)
    })
    .await?;
    Ok(added)
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
        Some(staged) => staged.merge(wanted),
        None => {
            people.insert(wanted.person.userid.clone(), wanted);
        }
    }
}

/// Ends the crawl: people who were read in another department were not skipped after all.
async fn finish(ctx: &Context, run: Run, mut crawler: Crawler) -> Result<Crawler, StoreError> {
    let skipped = crawler.skipped_people();
    if !skipped.is_empty() {
        let read = retry_transient(|| {
            ctx.db
                .read(async |conn| sync_staging::staged_among(conn, run.id, &skipped).await)
        })
        .await?;
        crawler.was_read_elsewhere(&read);
    }
    Ok(crawler)
}

/// Asks for the app's scope, so that a part is not mistaken for the whole company.
async fn start(ctx: &Context, calls: &Calls) -> Result<Crawler, Abort> {
    calls.fetch_add(1, Ordering::Relaxed);
    match retry_transient(|| ctx.dingtalk.scopes(Priority::Sync)).await {
        Ok(scopes) => Ok(Crawler::within(scopes)),
        Err(error) if is_missing(&error) => Ok(Crawler::from_root()),
        Err(error) => {
            let error = Abort::unless_passing(error)?;
            let mut crawler = Crawler::from_root();
            crawler.problems.add(dingtalk_problem(&error));
            Ok(crawler)
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

type TimedResponse = Result<(DateTime<Utc>, Response), UpstreamError>;

/// Makes a request and records when it was made.
async fn put(ctx: Context, ask: Request) -> (Request, TimedResponse) {
    let response = retry_transient(|| async {
        let asked_at = time_now(&ctx).await?;
        Ok((asked_at, ask_upstream(&ctx, &ask).await?))
    })
    .await;
    (ask, response)
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
