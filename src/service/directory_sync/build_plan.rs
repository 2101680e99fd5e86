//! Builds the plan from what was read and stages it, some people at a time.

use std::collections::HashSet;

use crate::context::Context;
use crate::domain::ids::UserId;
use crate::domain::person::Department;
use crate::domain::rights::Scope;
use crate::store::sync_run::Run;
use crate::store::{StoreError, department, directory, staff, sync_staging};

use super::lease::Calls;
use super::plan::{self, Chunk, DesiredPerson, PlanOptions};
use super::plan_writer::{DB_TIMEOUT, PlanWriter, leaver};
use super::read::Crawler;
use super::{Abort, Progress, Request, verify_absent};
use crate::domain::skip_reason::SkipReason;

/// Number of people compared at a time.
const CHUNK: i64 = 1_000;

/// Problem reported when the staging rows are lost.
const STAGING_LOST: &str = "Postgres has been restarted and has forgotten what the run had read";

/// The input and the result of planning; the plan itself is staged by `book`.
pub struct BuiltPlan<'a> {
    pub book: PlanWriter<'a>,
    /// Departments to write and to remove: few enough to be held in memory.
    pub departments: plan::DepartmentPlan,
    /// Whether everything was read.
    pub is_complete: bool,
    pub employed: usize,
}

/// Compares what was read with the tables, asks DingTalk about people who seem to have left, and stages the plan.
pub async fn build_plan<'a>(
    ctx: &'a Context,
    run: Run,
    request: &Request,
    calls: &Calls,
    walk: &mut Crawler,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<BuiltPlan<'a>, Abort> {
    let (employed, stored) = load_current(ctx, run, walk).await?;
    if walk.people == 0 && employed > 0 {
        walk.problems.add("DingTalk lists nobody at all".to_owned());
    }
    // A company without people is always a broken response.
    let may_be_complete = |walk: &Crawler| walk.problems.is_empty() && walk.people > 0;
    let mut book = PlanWriter::new(ctx, run);
    if may_be_complete(walk) {
        stage_leavers(&mut book, walk).await.map_err(Abort::Store)?;
        let is_too_many = |book: &PlanWriter| is_too_many(ctx, request, book.tally.left, employed);
        if is_too_many(&book) {
            sample_silent_departments(&mut book, calls, walk, progress).await?;
        }
        if may_be_complete(walk) && is_too_many(&book) {
            book.withhold_leavers().await.map_err(Abort::Store)?;
        } else if may_be_complete(walk) {
            verify_leavers(&mut book, calls, walk, &stored, progress).await?;
        }
        if !may_be_complete(walk) {
            book.drop_leavers().await.map_err(Abort::Store)?;
        }
    }
    let is_complete = may_be_complete(walk);
    // If too many people are missing, missing departments are not trusted either.
    let may_remove = is_complete && book.tally.withheld == 0;
    let spared = &walk.spared_departments;
    let departments = plan::departments(&stored, &walk.departments, spared, may_remove);
    book.append_departments(&departments, &stored)
        .await
        .map_err(Abort::Store)?;
    compare(&mut book, is_complete)
        .await
        .map_err(Abort::Store)?;
    book.append_skips(std::mem::take(&mut walk.skips))
        .await
        .map_err(Abort::Store)?;
    // People whose staging rows were lost meanwhile would look like leavers.
    ensure_staging_intact(ctx, run, walk).await?;
    Ok(BuiltPlan {
        book,
        departments,
        is_complete,
        employed,
    })
}

/// Loads the small tables, and checks that the staging rows are intact.
async fn load_current(
    ctx: &Context,
    run: Run,
    walk: &Crawler,
) -> Result<(usize, Vec<Department>), Abort> {
    let looked = ctx.db.read_within(DB_TIMEOUT, async |conn| {
        sync_staging::analyze(conn).await?;
        let employed = staff::count_employed(conn).await?;
        let departments = department::all(conn, &Scope::All).await?;
        Ok::<_, StoreError>((employed, departments))
    });
    let (employed, departments) = looked.await.map_err(Abort::Store)?;
    ensure_staging_intact(ctx, run, walk).await?;
    Ok((usize::try_from(employed).unwrap_or(usize::MAX), departments))
}

/// Checks that Postgres still has all staging rows: it loses them in a crash.
async fn ensure_staging_intact(ctx: &Context, run: Run, walk: &Crawler) -> Result<(), Abort> {
    let heard = ctx.db.read_within(DB_TIMEOUT, async |conn| {
        sync_staging::count_staged(conn, run.id).await
    });
    let heard = heard.await.map_err(Abort::Store)?;
    if usize::try_from(heard) == Ok(walk.people) {
        Ok(())
    } else {
        Err(Abort::Upstream(STAGING_LOST.to_owned()))
    }
}

/// Stages as leavers all people whom a complete crawl has not found.
async fn stage_leavers(book: &mut PlanWriter<'_>, walk: &Crawler) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let known = book
            .ctx
            .db
            .read_within(DB_TIMEOUT, async |conn| {
                let absent = sync_staging::absent(conn, book.run.id, &after, CHUNK).await?;
                directory::known(conn, &absent).await
            })
            .await?;
        let Some(last) = known.last() else {
            return Ok(());
        };
        last.person.userid.as_str().clone_into(&mut after);
        let started_at = book.run.started_at;
        let gone = known
            .into_iter()
            .filter(|known| plan::has_gone(known, started_at, &walk.spared));
        book.append_leavers(gone.map(leaver)).await?;
    }
}

fn is_too_many(ctx: &Context, request: &Request, leavers: usize, employed: usize) -> bool {
    let count = |people: usize| i64::try_from(people).unwrap_or(i64::MAX);
    let limit = ctx.config.sync.max_leavers;
    !request.accept_leavers && limit.is_exceeded_by(count(leavers), count(employed))
}

/// Asks DingTalk about a sample of the absent people when their number exceeds the leaver threshold: if an empty
/// list turns out to be a broken response, there is nothing for an administrator to decide.
async fn sample_silent_departments(
    book: &mut PlanWriter<'_>,
    calls: &Calls,
    walk: &mut Crawler,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), Abort> {
    let failed = verify_absent::sample_silent_departments(book, calls, walk, progress).await?;
    if let Some(error) = failed {
        walk.problems.add(error.to_string());
    }
    Ok(())
}

/// Asks DingTalk about every person and department that seems to be gone; an unanswered question makes the crawl
/// incomplete.
async fn verify_leavers(
    book: &mut PlanWriter<'_>,
    calls: &Calls,
    walk: &mut Crawler,
    stored: &[Department],
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), Abort> {
    let mut heard = |person: &_| walk.on_unlisted(person);
    let failed =
        verify_absent::people(book, calls, &SkipReason::StillKnown, &mut heard, progress).await?;
    if let Some(error) = failed {
        walk.problems.add(error.to_string());
    }
    if !walk.problems.is_empty() {
        return Ok(());
    }
    let ids = stored.iter().map(|known| known.dept_id);
    let missing: Vec<_> = ids
        .filter(|id| !walk.departments.contains_key(id) && !walk.spared_departments.contains(id))
        .collect();
    let failed = verify_absent::departments(book.ctx, calls, &missing, walk).await?;
    if let Some(error) = failed {
        walk.problems.add(error.to_string());
    }
    Ok(())
}

/// Plans for all people who are in the staff table or were observed.
async fn compare(book: &mut PlanWriter<'_>, is_complete: bool) -> Result<(), StoreError> {
    let refused = refused(book, is_complete).await?;
    let terms = PlanOptions {
        started_at: book.run.started_at,
        is_complete,
        refused: &refused,
    };
    let mut after = String::new();
    loop {
        let (run_id, ctx) = (book.run.id, book.ctx);
        let (last, chunk) = ctx
            .db
            .read_within(DB_TIMEOUT, async |conn| {
                let keys = sync_staging::keys(conn, run_id, &after, CHUNK).await?;
                let chunk = chunk(conn, run_id, &keys).await?;
                Ok::<_, StoreError>((keys.last().cloned(), chunk))
            })
            .await?;
        let Some(last) = last else {
            return Ok(());
        };
        after = last;
        book.append_people(plan::people(&chunk, &terms)).await?;
    }
}

/// Decides about unionids that more than one person would have.
async fn refused(book: &PlanWriter<'_>, is_complete: bool) -> Result<HashSet<UserId>, StoreError> {
    let run = book.run;
    let (chunk, leaving) = book
        .ctx
        .db
        .read_within(DB_TIMEOUT, async |conn| {
            let contested = sync_staging::contested(conn, run.id).await?;
            let leaving = sync_staging::leaving_among(conn, run.id, &contested).await?;
            Ok::<_, StoreError>((chunk(conn, run.id, &contested).await?, leaving))
        })
        .await?;
    let leaving = leaving.into_iter().collect();
    Ok(plan::refused(&chunk, &leaving, run.started_at, is_complete))
}

/// Returns what the tables and DingTalk say about these people.
async fn chunk(
    conn: &mut crate::store::Conn,
    run_id: i64,
    userids: &[String],
) -> Result<Chunk, StoreError> {
    if userids.is_empty() {
        return Ok(Chunk::default());
    }
    let heard = sync_staging::staged_people(conn, run_id, userids).await?;
    let known = directory::known(conn, userids).await?;
    let people = heard.iter().map(|heard| &heard.person);
    let unionids: Vec<String> = people
        .chain(known.iter().map(|known| &known.person))
        .filter_map(|person| Some(person.unionid.as_ref()?.as_str().to_owned()))
        .collect();
    let wanted = heard.into_iter().map(DesiredPerson::from);
    Ok(Chunk {
        known,
        unknown_leavers: directory::unknown_leavers(conn, userids).await?,
        held_unionids: directory::held_unionids(conn, &unionids).await?,
        wanted: wanted.map(|w| (w.person.userid.clone(), w)).collect(),
    })
}
