//! Builds the plan from what was read and stages it, some people at a time.

use std::collections::HashSet;

use crate::context::Context;
use crate::domain::ids::UserId;
use crate::domain::person::Department;
use crate::domain::rights::Scope;
use crate::domain::sync_problem::{SyncProblem, SyncProblemCode};
use crate::store::sync_run::Run;
use crate::store::{StoreError, department, directory, staff, sync_staging};

use super::lease::Calls;
use super::plan::{self, Chunk, DesiredPerson, PlanOptions};
use super::plan_writer::{DB_TIMEOUT, PlanWriter, leaver};
use super::read::Crawler;
use super::{Abort, Progress, Request, dingtalk_problem, verify_absent};
use crate::domain::skip_reason::SkipReason;

/// Number of people compared at a time.
const CHUNK: i64 = 1_000;

/// The input and the result of planning; the plan itself is staged by `writer`.
pub struct BuiltPlan<'a> {
    pub writer: PlanWriter<'a>,
    /// Departments to write and to remove: few enough to be held in memory.
    pub departments: plan::DepartmentPlan,
    /// Whether everything was read.
    pub is_complete: bool,
    pub employed: i64,
}

/// Compares what was read with the tables, asks DingTalk about people who seem to have left, and stages the plan.
// Long because its steps depend on what the earlier ones have found.
pub async fn build_plan<'a>(
    ctx: &'a Context,
    run: Run,
    request: &Request,
    calls: &Calls,
    crawler: &mut Crawler,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<BuiltPlan<'a>, Abort> {
    let (employed, stored) = load_current(ctx, run, crawler).await?;
    if crawler.people == 0 && employed > 0 {
        crawler.problems.add(SyncProblemCode::EmptyDirectory);
    }
    // A company without people is always a broken response.
    let may_be_complete = |crawler: &Crawler| crawler.problems.is_empty() && crawler.people > 0;
    let mut writer = PlanWriter::new(ctx, run);
    if may_be_complete(crawler) {
        stage_leavers(&mut writer, crawler)
            .await
            .map_err(Abort::Store)?;
        let is_too_many =
            |writer: &PlanWriter| is_too_many(ctx, request, writer.counts.left, employed);
        if is_too_many(&writer) {
            sample_silent_departments(&mut writer, calls, crawler, progress).await?;
        }
        if may_be_complete(crawler) && is_too_many(&writer) {
            writer.withhold_leavers().await.map_err(Abort::Store)?;
        } else if may_be_complete(crawler) {
            verify_leavers(&mut writer, calls, crawler, &stored, progress).await?;
        }
        if !may_be_complete(crawler) {
            writer.drop_leavers().await.map_err(Abort::Store)?;
        }
    }
    let is_complete = may_be_complete(crawler);
    // If too many people are missing, missing departments are not trusted either.
    let may_remove = is_complete && writer.counts.withheld == 0;
    let unreadable = &crawler.unreadable_departments;
    let departments = plan::departments(&stored, &crawler.departments, unreadable, may_remove);
    writer
        .append_departments(&departments, &stored)
        .await
        .map_err(Abort::Store)?;
    compare(&mut writer, is_complete)
        .await
        .map_err(Abort::Store)?;
    writer
        .append_skips(std::mem::take(&mut crawler.skips))
        .await
        .map_err(Abort::Store)?;
    // People whose staging rows were lost meanwhile would look like leavers.
    ensure_staging_intact(ctx, run, crawler).await?;
    Ok(BuiltPlan {
        writer,
        departments,
        is_complete,
        employed,
    })
}

/// Loads the small tables, and checks that the staging rows are intact.
async fn load_current(
    ctx: &Context,
    run: Run,
    crawler: &Crawler,
) -> Result<(i64, Vec<Department>), Abort> {
    let looked = ctx.db.read_within(DB_TIMEOUT, async |conn| {
        sync_staging::analyze(conn).await?;
        let employed = staff::count_employed(conn).await?;
        let departments = department::all(conn, &Scope::All).await?;
        Ok::<_, StoreError>((employed, departments))
    });
    let (employed, departments) = looked.await.map_err(Abort::Store)?;
    ensure_staging_intact(ctx, run, crawler).await?;
    Ok((employed, departments))
}

/// Checks that Postgres still has all staging rows: it loses them in a crash.
async fn ensure_staging_intact(ctx: &Context, run: Run, crawler: &Crawler) -> Result<(), Abort> {
    let staged = ctx.db.read_within(DB_TIMEOUT, async |conn| {
        sync_staging::count_staged(conn, run.id).await
    });
    let staged = staged.await.map_err(Abort::Store)?;
    if usize::try_from(staged) == Ok(crawler.people) {
        Ok(())
    } else {
        Err(SyncProblem::from(SyncProblemCode::StagingLost).into())
    }
}

/// Stages as leavers all people a complete crawl has not found.
async fn stage_leavers(writer: &mut PlanWriter<'_>, crawler: &Crawler) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let stored = writer
            .ctx
            .db
            .read_within(DB_TIMEOUT, async |conn| {
                let absent = sync_staging::absent(conn, writer.run.id, &after, CHUNK).await?;
                directory::stored_people(conn, &absent).await
            })
            .await?;
        let Some(last) = stored.last() else {
            return Ok(());
        };
        last.person.userid.as_str().clone_into(&mut after);
        let started_at = writer.run.started_at;
        let gone = stored
            .into_iter()
            .filter(|stored| plan::has_gone(stored, started_at, &crawler.unreadable));
        writer.append_leavers(gone.map(leaver)).await?;
    }
}

fn is_too_many(ctx: &Context, request: &Request, leavers: i32, employed: i64) -> bool {
    let limit = ctx.config.sync.max_leavers;
    !request.accept_leavers && limit.is_exceeded_by(leavers.into(), employed)
}

/// Asks DingTalk about a sample of the absent people when their number exceeds the leaver threshold: if an empty
/// list turns out to be a broken response, there is nothing for an administrator to decide.
async fn sample_silent_departments(
    writer: &mut PlanWriter<'_>,
    calls: &Calls,
    crawler: &mut Crawler,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), Abort> {
    let failed = verify_absent::sample_silent_departments(writer, calls, crawler, progress).await?;
    if let Some(error) = failed {
        crawler.problems.add(dingtalk_problem(&error));
    }
    Ok(())
}

/// Asks DingTalk about every person and department that seems to be gone; an unanswered question makes the crawl
/// incomplete.
async fn verify_leavers(
    writer: &mut PlanWriter<'_>,
    calls: &Calls,
    crawler: &mut Crawler,
    stored: &[Department],
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), Abort> {
    let mut on_known = |person: &_| crawler.on_unlisted(person);
    let failed = verify_absent::people(
        writer,
        calls,
        &SkipReason::StillKnown,
        &mut on_known,
        progress,
    )
    .await?;
    if let Some(error) = failed {
        crawler.problems.add(dingtalk_problem(&error));
    }
    if !crawler.problems.is_empty() {
        return Ok(());
    }
    let ids = stored.iter().map(|stored| stored.dept_id);
    let missing: Vec<_> = ids
        .filter(|id| {
            !crawler.departments.contains_key(id) && !crawler.unreadable_departments.contains(id)
        })
        .collect();
    let failed = verify_absent::departments(writer.ctx, calls, &missing, crawler).await?;
    if let Some(error) = failed {
        crawler.problems.add(dingtalk_problem(&error));
    }
    Ok(())
}

/// Plans for all people who are in the staff table or were observed.
async fn compare(writer: &mut PlanWriter<'_>, is_complete: bool) -> Result<(), StoreError> {
    let refused = refused(writer, is_complete).await?;
    let terms = PlanOptions {
        started_at: writer.run.started_at,
        is_complete,
        refused: &refused,
    };
    let mut after = String::new();
    loop {
        let (run_id, ctx) = (writer.run.id, writer.ctx);
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
        writer.append_people(plan::people(&chunk, &terms)).await?;
    }
}

/// Decides about unionids that more than one person would have.
async fn refused(
    writer: &PlanWriter<'_>,
    is_complete: bool,
) -> Result<HashSet<UserId>, StoreError> {
    let run = writer.run;
    let (chunk, leaving) = writer
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
    let observed = sync_staging::staged_people(conn, run_id, userids).await?;
    let stored = directory::stored_people(conn, userids).await?;
    let people = observed.iter().map(|observed| &observed.person);
    let unionids: Vec<String> = people
        .chain(stored.iter().map(|stored| &stored.person))
        .filter_map(|person| Some(person.unionid.as_ref()?.as_str().to_owned()))
        .collect();
    let wanted = observed.into_iter().map(DesiredPerson::from);
    Ok(Chunk {
        stored,
        unknown_leavers: directory::unknown_leavers(conn, userids).await?,
        held_unionids: directory::held_unionids(conn, &unionids).await?,
        wanted: wanted.map(|w| (w.person.userid.clone(), w)).collect(),
    })
}
