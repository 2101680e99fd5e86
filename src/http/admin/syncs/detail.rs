//! One run: its data, the pending decision, and its whole plan.

use crate::http::extract::Auditor;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::plan::{self, RecordView};
use super::{RunView, path_of, view};
use crate::context::Context;
use crate::domain::audit::ActorKind;
use crate::domain::rights::ContactView;
use crate::domain::sync::{ChangeKind, SyncDecision, SyncState};
use crate::http::admin::actor_view::ActorView;
use crate::http::admin::list_page::{ListPage, ListSpec};
use crate::http::admin::list_query::{ALL, ListQuery};
use crate::http::error::AppError;
use crate::http::layout::Layout;
use crate::http::view::Paging;
use crate::store::sync_list::{self, ChangeFilter, ChangeRow, RunRow};
use crate::store::{StoreError, staff};
use crate::text::admin_syncs::SyncTexts;
use crate::text::admin_syncs::plan::PlanTexts;
use crate::text::duration::whole_days;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::skip::reasons_with;
use crate::text::time::TimeText;

/// How many of the people waiting to be marked are named above the plan, which lists all of them.
const NAMED: i64 = 100;

const LIST: ListSpec = ListSpec {
    filters: &[("kind", ALL)],
    ..ListSpec::PLAIN
};

#[derive(Template)]
#[template(path = "admin/sync_detail.html")]
struct SyncPage {
    layout: Layout,
    t: &'static SyncTexts,
    p: &'static PlanTexts,
    title: String,
    path: String,
    approve_path: String,
    discard_path: String,
    is_running: bool,
    hint: Option<&'static str>,
    unannounced: Option<String>,
    waiting: Option<PendingApproval>,
    decided: Option<ApprovalDecision>,
    /// The run whose leavers this one marks.
    approves: Option<(i64, String)>,
    finished: Option<TimeText>,
    /// How many records the run has, regardless of the filter.
    recorded: i64,
    /// The reason why it has none.
    no_records: String,
    list: ListPage<RecordView>,
    run: RunView,
}

/// The people withheld by the leaver threshold, while a decision can be made.
struct PendingApproval {
    title: String,
    effect: String,
    until: TimeText,
    people: Vec<RecordView>,
    /// How many are not named here.
    more: i64,
    /// Whether the leavers are approved, and the run that marks them is in progress.
    is_under_way: bool,
    /// That run, or the last one that failed: its id and a sentence.
    attempt: Option<(i64, String)>,
    approve_ask: String,
    discard_ask: String,
}

/// The decision about the people withheld by the leaver threshold.
struct ApprovalDecision {
    sentence: &'static str,
    by: Option<ActorView>,
    at: Option<TimeText>,
    /// The run that has applied it: its id and a sentence.
    run: Option<(i64, String)>,
}

/// The stored data of one run.
struct SyncData {
    now: DateTime<Utc>,
    run: RunRow,
    recorded: i64,
    total: i64,
    rows: Vec<ChangeRow>,
    withheld: Vec<ChangeRow>,
    /// The latest run that was to mark them.
    attempt: Option<RunRow>,
    known: plan::KnownNames,
    /// For how long plans are kept, in days.
    kept_days: u64,
}

pub(super) async fn detail(
    auditor: Auditor,
    ctx: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let id: i64 = id.parse().map_err(|_| AppError::NotFound)?;
    let list = LIST.request(&query)?;
    let filter = filter(&query, auditor.contacts())?;
    let found = find(&ctx, id, &filter, list.paging).await?;
    let mut found = found.ok_or(AppError::NotFound)?;
    let (pager, rows) = (list.pager(found.total), std::mem::take(&mut found.rows));
    let page = |layout, list| page(layout, list, found, auditor.contacts());
    list.respond(&auditor, &ctx, &request, pager, rows, page)
        .await
}

pub(super) fn filter(query: &ListQuery, contacts: ContactView) -> Result<ChangeFilter, AppError> {
    Ok(ChangeFilter {
        kind: query.value("kind", &ChangeKind::ALL, ChangeKind::as_str)?,
        q: query.q().to_owned(),
        reasons: reasons_with(query.q()),
        contacts,
    })
}

async fn find(
    ctx: &Context,
    id: i64,
    filter: &ChangeFilter,
    paging: Paging,
) -> Result<Option<SyncData>, StoreError> {
    ctx.db
        .read(async |conn| {
            let Some(run) = sync_list::find(conn, id).await? else {
                return Ok(None);
            };
            let by_kind = sync_list::count_changes_by_kind(conn, id).await?;
            let total = sync_list::count_changes(conn, id, filter).await?;
            let (limit, offset) = (paging.per_page, paging.offset());
            let rows = sync_list::changes(conn, id, filter, limit, offset).await?;
            let mut withheld = Vec::new();
            if run.is_waiting {
                let theirs = ChangeFilter {
                    kind: Some(ChangeKind::Withheld),
                    ..ChangeFilter::default()
                };
                withheld = sync_list::changes(conn, id, &theirs, NAMED, 0).await?;
            }
            let mut attempt = None;
            if let Some(id) = run.approved_in.filter(|_| run.is_waiting) {
                attempt = sync_list::find(conn, id).await?;
            }
            let known = plan::known(conn, &[&rows[..], &withheld[..]].concat()).await?;
            Ok(Some(SyncData {
                now: staff::now(conn).await?,
                run,
                recorded: by_kind.iter().map(|(_, count)| count).sum(),
                total,
                rows,
                withheld,
                attempt,
                known,
                kept_days: whole_days(ctx.config.retention.syncs),
            }))
        })
        .await
}

fn page(
    layout: Layout,
    list: ListPage<ChangeRow>,
    found: SyncData,
    contacts: ContactView,
) -> SyncPage {
    let SyncData {
        now, run, known, ..
    } = found;
    let lang = layout.lang;
    let (t, p) = (SyncTexts::of(lang), PlanTexts::of(lang));
    let kind = |kind: ChangeKind| (kind.as_str(), t.kind_words(kind));
    let record = |row| plan::view(row, &known, contacts, lang);
    let numbered = |sentence: &str, id: i64| (id, interpolate(sentence, &[("id", &id)]));
    SyncPage {
        t,
        p,
        title: interpolate(t.detail_title, &[("id", &run.id)]),
        path: path_of(run.id),
        approve_path: format!("{}/approve", path_of(run.id)),
        discard_path: format!("{}/discard", path_of(run.id)),
        is_running: run.state == SyncState::Running && !run.is_lost,
        hint: t.state_hint(run.state, run.is_lost),
        unannounced: (run.unannounced > 0).then(|| t.unannounced(run.unannounced)),
        waiting: waiting(
            &run,
            found.withheld.into_iter().map(record).collect(),
            found.attempt.as_ref(),
            now,
            lang,
        ),
        decided: decided(&run, now, lang),
        approves: run.approves.map(|id| numbered(t.approves, id)),
        finished: run.finished_at.map(|at| TimeText::new(at, now, lang)),
        recorded: found.recorded,
        no_records: interpolate(no_records(p, &run), &[("days", &found.kept_days)]),
        list: list
            .with_filter("kind", p.kind, ChangeKind::ALL.map(kind))
            .map(record),
        run: view(run, now, lang),
        layout,
    }
}

/// Returns the reason why a run has no records.
fn no_records(t: &'static PlanTexts, run: &RunRow) -> &'static str {
    let people = [
        run.counts.added,
        run.counts.changed,
        run.counts.returned,
        run.counts.left,
    ];
    let departments = [
        run.counts.departments_added,
        run.counts.departments_changed,
        run.counts.departments_removed,
    ];
    let mut counts = people.into_iter().chain(departments);
    let has_records =
        counts.any(|count| count > 0) || run.counts.skipped > 0 || run.counts.withheld > 0;
    match run.state {
        SyncState::Running => t.nothing_yet,
        _ if has_records => t.records_gone,
        SyncState::Done => t.nothing_changed,
        _ => t.nothing_done,
    }
}

fn waiting(
    run: &RunRow,
    people: Vec<RecordView>,
    attempt: Option<&RunRow>,
    now: DateTime<Utc>,
    lang: Lang,
) -> Option<PendingApproval> {
    let t = SyncTexts::of(lang);
    let until = run.waits_until.filter(|_| run.is_waiting)?;
    let count = t.people(lang, run.counts.withheld);
    let is_under_way = attempt.is_some_and(|run| run.state == SyncState::Running && !run.is_lost);
    let sentence = if is_under_way {
        t.under_way
    } else {
        t.came_to_nothing
    };
    let with_count = |sentence: &str| interpolate(sentence, &[("people", &count)]);
    Some(PendingApproval {
        title: with_count(t.waiting_title),
        effect: with_count(t.waiting_effect),
        until: TimeText::new(until, now, lang),
        more: i64::from(run.counts.withheld) - i64::try_from(people.len()).unwrap_or(i64::MAX),
        people,
        is_under_way,
        attempt: attempt.map(|run| (run.id, interpolate(sentence, &[("id", &run.id)]))),
        approve_ask: with_count(t.approve_ask),
        discard_ask: with_count(t.discard_ask),
    })
}

fn decided(run: &RunRow, now: DateTime<Utc>, lang: Lang) -> Option<ApprovalDecision> {
    if run.state != SyncState::Stopped || run.is_waiting {
        return None;
    }
    let t = SyncTexts::of(lang);
    let by = run.decided_by.as_deref();
    Some(ApprovalDecision {
        sentence: match run.decision {
            Some(SyncDecision::Approved) => t.approved_hint,
            Some(SyncDecision::Discarded) => t.discarded_hint,
            Some(SyncDecision::Superseded) => t.superseded_hint,
            None => t.expired_hint,
        },
        by: by.map(|by| ActorView::new(lang, ActorKind::Person, by, run.decided_by_name.clone())),
        at: run.decided_at.map(|at| TimeText::new(at, now, lang)),
        run: run
            .approved_in
            .map(|id| (id, interpolate(t.approved_in, &[("id", &id)]))),
    })
}
