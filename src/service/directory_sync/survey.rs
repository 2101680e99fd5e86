//! From what was read to a plan that is written down: some hundred people at a time.

use std::collections::HashSet;

use crate::context::Context;
use crate::domain::ids::UserId;
use crate::domain::person::Department;
use crate::store::sync_run::Run;
use crate::store::{StoreError, department, directory, staff, sync_scratch};

use super::book::{Book, PATIENCE, leaver};
use super::lease::Calls;
use super::plan::{self, Chunk, Terms, Wanted};
use super::read::Walk;
use super::skip::SkipReason;
use super::{Progress, Request, Stop, confirm};

/// How many people are compared at a time.
const CHUNK: i64 = 1_000;

/// Why a run cannot go on whose notes are gone.
const FORGOTTEN: &str = "Postgres has been restarted and has forgotten what the run had read";

/// A plan that stands in the book, and what it was made from.
pub struct Survey<'a> {
    pub book: Book<'a>,
    /// The departments to be written and removed: few enough to be kept at hand.
    pub departments: plan::DepartmentPlan,
    /// Whether everything was read.
    pub is_complete: bool,
    pub employed: usize,
}

/// Compares what was read with the tables, asks about those who seem to be gone, and writes the plan
/// down.
pub async fn survey<'a>(
    ctx: &'a Context,
    run: Run,
    request: &Request,
    calls: &Calls,
    walk: &mut Walk,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Survey<'a>, Stop> {
    let (employed, stored) = look_around(ctx, run, walk).await?;
    if walk.people == 0 && employed > 0 {
        walk.problems.add("DingTalk lists nobody at all".to_owned());
    }
    // A company without people is a broken answer, whatever it looks like.
    let may_be_complete = |walk: &Walk| walk.problems.is_empty() && walk.people > 0;
    let mut book = Book::new(ctx, run);
    if may_be_complete(walk) {
        note_absent(&mut book, walk).await.map_err(Stop::Store)?;
        let is_too_many = |book: &Book| is_too_many(ctx, request, book.tally.left, employed);
        if is_too_many(&book) {
            doubt_silence(&mut book, calls, walk, progress).await?;
        }
        if may_be_complete(walk) && is_too_many(&book) {
            book.hold_leavers_back().await.map_err(Stop::Store)?;
        } else if may_be_complete(walk) {
            doubt(&mut book, calls, walk, &stored, progress).await?;
        }
        if !may_be_complete(walk) {
            book.drop_leavers().await.map_err(Stop::Store)?;
        }
    }
    let is_complete = may_be_complete(walk);
    // Where too many people are gone, the departments may not be gone either.
    let may_remove = is_complete && book.tally.held_back == 0;
    let spared = &walk.spared_departments;
    let departments = plan::departments(&stored, &walk.departments, spared, may_remove);
    book.put_departments(&departments, &stored)
        .await
        .map_err(Stop::Store)?;
    compare(&mut book, is_complete).await.map_err(Stop::Store)?;
    book.put_skips(std::mem::take(&mut walk.skips))
        .await
        .map_err(Stop::Store)?;
    // Whoever was forgotten meanwhile looked like somebody who has gone.
    check_memory(ctx, run, walk).await?;
    Ok(Survey {
        book,
        departments,
        is_complete,
        employed,
    })
}

/// Reads what is small, and makes sure that all that was taken down is still there.
async fn look_around(
    ctx: &Context,
    run: Run,
    walk: &Walk,
) -> Result<(usize, Vec<Department>), Stop> {
    let looked = ctx.db.read_within(PATIENCE, async |conn| {
        sync_scratch::count_anew(conn).await?;
        let employed = staff::count_employed(conn).await?;
        let departments = department::all(conn).await?;
        Ok::<_, StoreError>((employed, departments))
    });
    let (employed, departments) = looked.await.map_err(Stop::Store)?;
    check_memory(ctx, run, walk).await?;
    Ok((usize::try_from(employed).unwrap_or(usize::MAX), departments))
}

/// Makes sure that Postgres, which forgets it when it crashes, still has all that was taken down.
async fn check_memory(ctx: &Context, run: Run, walk: &Walk) -> Result<(), Stop> {
    let heard = ctx.db.read_within(PATIENCE, async |conn| {
        sync_scratch::count_heard(conn, run.id).await
    });
    let heard = heard.await.map_err(Stop::Store)?;
    if usize::try_from(heard) == Ok(walk.people) {
        Ok(())
    } else {
        Err(Stop::Nothing(FORGOTTEN.to_owned()))
    }
}

/// Writes everybody down whom a complete reading has not found.
async fn note_absent(book: &mut Book<'_>, walk: &Walk) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let known = book
            .ctx
            .db
            .read_within(PATIENCE, async |conn| {
                let absent = sync_scratch::absent(conn, book.run.id, &after, CHUNK).await?;
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
        book.put_leavers(gone.map(leaver)).await?;
    }
}

fn is_too_many(ctx: &Context, request: &Request, leavers: usize, employed: usize) -> bool {
    let count = |people: usize| i64::try_from(people).unwrap_or(i64::MAX);
    let limit = ctx.config.sync.max_leavers;
    !request.accept_leavers && limit.exceeded_by(count(leavers), count(employed))
}

/// Asks DingTalk about some of so many absent people that the brake would stop the run: where an empty
/// list was a broken answer, nothing is to be decided about.
async fn doubt_silence(
    book: &mut Book<'_>,
    calls: &Calls,
    walk: &mut Walk,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), Stop> {
    let failed = confirm::silent_departments(book, calls, walk, progress).await?;
    if let Some(error) = failed {
        walk.problems.add(error.to_string());
    }
    Ok(())
}

/// Asks DingTalk about every person and department that seems to be gone; a question without an answer
/// is a problem of the reading.
async fn doubt(
    book: &mut Book<'_>,
    calls: &Calls,
    walk: &mut Walk,
    stored: &[Department],
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), Stop> {
    let mut heard = |person: &_| walk.hear_of_unlisted(person);
    let failed = confirm::people(book, calls, SkipReason::StillKnown, &mut heard, progress).await?;
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
    let failed = confirm::departments(book.ctx, calls, &missing, walk).await?;
    if let Some(error) = failed {
        walk.problems.add(error.to_string());
    }
    Ok(())
}

/// Plans for everybody who is in the staff table or was heard of.
async fn compare(book: &mut Book<'_>, is_complete: bool) -> Result<(), StoreError> {
    let refused = refused(book, is_complete).await?;
    let terms = Terms {
        started_at: book.run.started_at,
        is_complete,
        refused: &refused,
    };
    let mut after = String::new();
    loop {
        let (run_id, ctx) = (book.run.id, book.ctx);
        let (last, chunk) = ctx
            .db
            .read_within(PATIENCE, async |conn| {
                let keys = sync_scratch::keys(conn, run_id, &after, CHUNK).await?;
                let chunk = chunk(conn, run_id, &keys).await?;
                Ok::<_, StoreError>((keys.last().cloned(), chunk))
            })
            .await?;
        let Some(last) = last else {
            return Ok(());
        };
        after = last;
        book.put_people(plan::people(&chunk, &terms)).await?;
    }
}

/// Decides about unionids that more than one person would bear.
async fn refused(book: &Book<'_>, is_complete: bool) -> Result<HashSet<UserId>, StoreError> {
    let run = book.run;
    let (chunk, leaving) = book
        .ctx
        .db
        .read_within(PATIENCE, async |conn| {
            let contested = sync_scratch::contested(conn, run.id).await?;
            let leaving = sync_scratch::leaving_among(conn, run.id, &contested).await?;
            Ok::<_, StoreError>((chunk(conn, run.id, &contested).await?, leaving))
        })
        .await?;
    let leaving = leaving.into_iter().collect();
    Ok(plan::refused(&chunk, &leaving, run.started_at, is_complete))
}

/// What the tables hold and DingTalk has said of these people.
async fn chunk(
    conn: &mut crate::store::Conn,
    run_id: i64,
    userids: &[String],
) -> Result<Chunk, StoreError> {
    if userids.is_empty() {
        return Ok(Chunk::default());
    }
    let heard = sync_scratch::heard(conn, run_id, userids).await?;
    let known = directory::known(conn, userids).await?;
    let people = heard.iter().map(|heard| &heard.person);
    let unionids: Vec<String> = people
        .chain(known.iter().map(|known| &known.person))
        .filter_map(|person| Some(person.unionid.as_ref()?.as_str().to_owned()))
        .collect();
    let wanted = heard.into_iter().map(Wanted::from);
    Ok(Chunk {
        known,
        unknown_leavers: directory::unknown_leavers(conn, userids).await?,
        held_unionids: directory::held_unionids(conn, &unionids).await?,
        wanted: wanted.map(|w| (w.person.userid.clone(), w)).collect(),
    })
}
