//! The first page: the current state, and the tasks that wait for an administrator.

mod inbox;
mod login_stats;
mod parts;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Days, NaiveDate, Utc};

use super::list_query::day_begin;
use crate::context::Context;
use crate::domain::person::Status;
use crate::domain::rights::{Action, Rights, Scope};
use crate::domain::sync::SyncState;
use crate::http::error::AppError;
use crate::http::extract::Viewer;
use crate::http::layout::{Layout, html};
use crate::store::Conn;
use crate::store::overview::{self, EventDay, LoginCount, Standing};
use crate::store::staff_list::{self, StaffFilter};
use crate::store::sync_list::{self, RunRow};
use crate::store::unmatched::{self, Case};
use crate::store::{StoreError, department, staff};
use crate::text::admin_overview::OverviewTexts;
use crate::text::time::china_day;
use inbox::InboxView;
use login_stats::{LoginStats, ReasonView};
use parts::{Step, SyncView, Tile, WaitingView};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource(["", "/"]).route(web::get().to(page)));
}

/// How many days the charts show, including today.
const DAYS: u64 = 14;
/// Of more waiting people only the count is shown.
const MAX_WAITING: i64 = 5;

#[derive(Template)]
#[template(path = "admin/overview.html")]
struct OverviewPage {
    layout: Layout,
    t: &'static OverviewTexts,
    tiles: Vec<Tile>,
    logins: LoginStats,
    reasons: Vec<ReasonView>,
    inbox: InboxView,
    sync: Option<SyncView>,
    waiting: Vec<WaitingView>,
    waiting_count: i64,
    /// `None` once all of them are done.
    steps: Option<Vec<Step>>,
}

/// The stored data of the page.
#[derive(Default)]
struct OverviewData {
    now: DateTime<Utc>,
    logins: Vec<LoginCount>,
    events: Vec<EventDay>,
    /// How many people and departments the scope covers.
    employed: i64,
    departments: i64,
    /// `None` for those who do not see what Dinggate does.
    standing: Option<Standing>,
    latest_run: Option<RunRow>,
    last_done: Option<RunRow>,
    waiting_count: i64,
    waiting: Vec<Case>,
}

async fn page(
    viewer: Viewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let layout = viewer.layout(&ctx, &request).await?;
    let rights = &viewer.rights;
    let found = ctx.db.read(async |conn| read(conn, rights).await).await?;
    let (t, days) = (OverviewTexts::of(layout.lang), days(found.now));
    let page = OverviewPage {
        t,
        tiles: parts::tiles(&found, t, layout.lang),
        logins: login_stats::days(&found.logins, &days, layout.lang),
        reasons: login_stats::reasons(&found.logins, &days, layout.lang),
        inbox: inbox::view(&found.events, &days, layout.lang),
        steps: found
            .standing
            .and_then(|standing| parts::steps(&ctx, standing, t)),
        waiting_count: found.waiting_count,
        sync: found
            .latest_run
            .as_ref()
            .map(|run| parts::sync(run, found.last_done.as_ref(), found.now, layout.lang)),
        waiting: found
            .waiting
            .into_iter()
            .map(|case| parts::waiting(case, found.now, layout.lang))
            .collect(),
        layout,
    };
    Ok(html(StatusCode::OK, &page))
}

async fn read(conn: &mut Conn, rights: &Rights) -> Result<OverviewData, StoreError> {
    let waiting = unmatched::CaseFilter {
        scope: rights.scope(),
        ..unmatched::CaseFilter::default()
    };
    let people = OverviewData {
        now: staff::now(conn).await?,
        waiting_count: unmatched::count(conn, &waiting).await?,
        waiting: unmatched::list(conn, &waiting, None, MAX_WAITING, 0).await?,
        ..OverviewData::default()
    };
    if rights.may(Action::SeeOperations) {
        read_operations(conn, people).await
    } else {
        read_counts(conn, people, rights.scope()).await
    }
}

/// Adds the counts of the people and departments within the scope.
async fn read_counts(
    conn: &mut Conn,
    people: OverviewData,
    scope: Scope,
) -> Result<OverviewData, StoreError> {
    let departments = department::count(conn, "", &scope).await?;
    let employed = StaffFilter {
        status: Some(Status::Employed),
        scope,
        ..StaffFilter::default()
    };
    Ok(OverviewData {
        employed: staff_list::count(conn, &employed).await?,
        departments,
        ..people
    })
}

/// Adds what Dinggate has done and is doing.
async fn read_operations(
    conn: &mut Conn,
    people: OverviewData,
) -> Result<OverviewData, StoreError> {
    let now = people.now;
    let since = days(now).first().copied().map_or(now, day_begin);
    let any = sync_list::SyncFilter::default();
    let done = sync_list::SyncFilter {
        state: Some(SyncState::Done),
        ..sync_list::SyncFilter::default()
    };
    let standing = overview::standing(conn).await?;
    Ok(OverviewData {
        employed: standing.employed,
        departments: standing.departments,
        standing: Some(standing),
        logins: overview::login_counts(conn, since).await?,
        events: overview::events(conn, since).await?,
        latest_run: sync_list::list(conn, &any, 1, 0).await?.pop(),
        last_done: sync_list::list(conn, &done, 1, 0).await?.pop(),
        ..people
    })
}

/// Returns the days of the charts in China, today last.
fn days(now: DateTime<Utc>) -> Vec<NaiveDate> {
    let today = china_day(now);
    (0..DAYS)
        .rev()
        .filter_map(|back| today.checked_sub_days(Days::new(back)))
        .collect()
}
