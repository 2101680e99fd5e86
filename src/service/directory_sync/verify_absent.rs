//! Asks DingTalk about people and departments before they are considered gone: pages can shift during a crawl, and
//! people can move from a department that is still to be read to one that was already read.

use crate::domain::sync::Step;
use std::sync::atomic::Ordering;

use futures_util::{StreamExt, stream};

use super::lease::Calls;
use super::plan_writer::{DB_TIMEOUT, PlanWriter};
use super::read::Crawler;
use super::{Abort, Progress};
use crate::context::Context;
use crate::domain::ids::{DeptId, UserId};
use crate::domain::person::Person;
use crate::domain::skip_reason::SkipReason;
use crate::service::employment::time_now;
use crate::store::StoreError;
use crate::store::sync_staging::{self, ChangedPerson};
use crate::upstream::{Priority, UpstreamError};

const IN_FLIGHT: usize = 3;
/// Number of leavers fetched from the plan at a time.
const BATCH: i64 = 300;

/// Sample sizes, per department with an empty list and in total, before the absence of its people is believed.
const PER_SILENT_DEPARTMENT: i64 = 3;
const AT_MOST: i64 = 100;

/// Asks DingTalk about some of the leavers of departments with empty lists, and reports those it still knows to the
/// crawler: an empty list may be a broken response. Returns the error of an unanswered question.
pub async fn sample_silent_departments(
    writer: &mut PlanWriter<'_>,
    calls: &Calls,
    crawler: &mut Crawler,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Option<UpstreamError>, Abort> {
    let (non_empty, run_id) = (crawler.non_empty(), writer.run.id);
    let people = writer
        .ctx
        .db
        .read_within(DB_TIMEOUT, async |conn| {
            let each = PER_SILENT_DEPARTMENT;
            sync_staging::leavers_outside(conn, run_id, &non_empty, each, AT_MOST).await
        })
        .await
        .map_err(Abort::Store)?;
    let (total, mut done) = (people.len(), 0);
    let mut on_answer = |person: Option<&Person>| {
        if let Some(person) = person {
            crawler.on_unlisted(person);
        }
        done += 1;
        progress(Progress::Confirming { done, total });
    };
    ask_all(
        writer,
        calls,
        people,
        &SkipReason::StillKnown,
        &mut on_answer,
    )
    .await
}

/// Asks DingTalk about all leavers, and skips those it still knows; passes these to `still_known`. Ends with the
/// error of the first unanswered question: then nobody may be marked as left.
pub async fn people(
    writer: &mut PlanWriter<'_>,
    calls: &Calls,
    reason: &SkipReason,
    still_known: &mut (dyn FnMut(&Person) + Send),
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Option<UpstreamError>, Abort> {
    let total = usize::try_from(writer.counts.left).unwrap_or_default();
    let (mut done, mut after) = (0, 0);
    loop {
        let batch = leavers(writer, after).await.map_err(Abort::Store)?;
        let Some(last) = batch.last() else {
            return Ok(None);
        };
        after = last.position;
        let batch = batch.into_iter().map(|leaver| leaver.userid).collect();
        let mut on_answer = |person: Option<&Person>| {
            if let Some(person) = person {
                still_known(person);
            }
            done += 1;
            progress(Progress::Confirming { done, total });
        };
        let failed = ask_all(writer, calls, batch, reason, &mut on_answer).await?;
        if failed.is_some() {
            return Ok(failed);
        }
    }
}

/// Asks about these people, and skips those who still exist; calls `on_answer` for each answer, with the person's record
/// if it exists and can be read.
async fn ask_all(
    writer: &mut PlanWriter<'_>,
    calls: &Calls,
    people: Vec<UserId>,
    reason: &SkipReason,
    on_answer: &mut (dyn FnMut(Option<&Person>) + Send),
) -> Result<Option<UpstreamError>, Abort> {
    let ctx = writer.ctx;
    let questions = people.into_iter().map(|userid| ask(ctx, calls, userid));
    let mut responses = stream::iter(questions).buffer_unordered(IN_FLIGHT);
    let mut known = Vec::new();
    let mut unreadable = Vec::new();
    while let Some((userid, response)) = responses.next().await {
        match response {
            Ok(person) => {
                on_answer(Some(&person));
                known.push(userid);
            }
            Err(error) if error.is_unknown_person() => on_answer(None),
            Err(error) => match error.bad_record() {
                Some(field) => {
                    on_answer(None);
                    unreadable.push((userid, field));
                }
                None => return Abort::unless_passing(error).map(Some),
            },
        }
    }
    drop(responses);
    writer
        .skip_leavers(&known, reason)
        .await
        .map_err(Abort::Store)?;
    for (userid, field) in unreadable {
        let reason = SkipReason::BadRecord(field.into());
        writer
            .skip_leavers(&[userid], &reason)
            .await
            .map_err(Abort::Store)?;
    }
    Ok(None)
}

async fn leavers(writer: &PlanWriter<'_>, after: i32) -> Result<Vec<ChangedPerson>, StoreError> {
    writer
        .ctx
        .db
        .read_within(DB_TIMEOUT, async |conn| {
            sync_staging::changed_people(conn, writer.run.id, Step::Leave, after, BATCH).await
        })
        .await
}

async fn ask(
    ctx: &Context,
    calls: &Calls,
    userid: UserId,
) -> (UserId, Result<Person, UpstreamError>) {
    calls.fetch_add(1, Ordering::Relaxed);
    let response = ctx.dingtalk.user(Priority::Sync, &userid).await;
    (userid, response)
}

/// Asks DingTalk about departments that no list has named: those that still exist were moved during the crawl, and
/// are recorded now. Returns the error of an unanswered question.
pub async fn departments(
    ctx: &Context,
    calls: &Calls,
    missing: &[DeptId],
    crawler: &mut Crawler,
) -> Result<Option<UpstreamError>, Abort> {
    for dept_id in missing {
        let asked_at = time_now(ctx).await.map_err(Abort::Store)?;
        calls.fetch_add(1, Ordering::Relaxed);
        match ctx.dingtalk.department(Priority::Sync, *dept_id).await {
            Ok(department) => crawler.on_department(department, asked_at),
            Err(error) if error.is_unknown_department() => {}
            Err(error) => match error.bad_record() {
                Some(field) => crawler.skip_department(*dept_id, field),
                None => return Abort::unless_passing(error).map(Some),
            },
        }
    }
    Ok(None)
}
