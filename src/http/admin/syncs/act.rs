//! The actions on syncs: starting one, deciding about the leavers of one that waits.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};

use super::{actor_kind, path_of};
use crate::context::Context;
use crate::domain::audit::ActorKind;
use crate::domain::sync::{SyncCause, SyncState};
use crate::http::admin::actor_view::ActorView;
use crate::http::admin::button::ButtonPress;
use crate::http::error::AppError;
use crate::http::layout::Toast;
use crate::http::view::Tone;
use crate::service::directory_sync::{self, ApproveError, Request, SyncError};
use crate::store::sync_list::{self, SyncFilter};
use crate::store::{StoreError, staff};
use crate::text::admin_syncs::SyncTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::TimeText;

pub(super) async fn start(press: ButtonPress) -> Result<HttpResponse, AppError> {
    let request = Request {
        cause: SyncCause::Admin,
        started_by: press.admin.user.userid.as_str().to_owned(),
        dry_run: false,
        accept_leavers: false,
    };
    let t = SyncTexts::of(press.lang);
    match directory_sync::start(&press.ctx, request).await {
        Ok(id) => Ok(press.redirect(&Toast::ok(t.started_toast), &path_of(id))),
        Err(SyncError::AlreadyRunning { by, since }) => {
            let (toast, running) =
                already(&press.ctx, press.lang, t.running_toast, &by, since).await?;
            let page = running.map_or_else(|| "/admin/syncs".to_owned(), path_of);
            Ok(press.redirect(&toast, &page))
        }
        Err(SyncError::NoLongerAllowed) => Err(AppError::NotAdmin),
        Err(SyncError::Store(error)) => Err(error.into()),
        Err(error) => Err(AppError::Internal(error.into())),
    }
}

pub(super) async fn approve(press: ButtonPress) -> Result<HttpResponse, AppError> {
    let id = existing(&press).await?;
    let done = directory_sync::approve(&press.ctx, id, &press.admin.actor()).await;
    decided(&press, id, done, SyncTexts::of(press.lang).approved_toast).await
}

pub(super) async fn discard(press: ButtonPress) -> Result<HttpResponse, AppError> {
    let id = existing(&press).await?;
    let done = directory_sync::discard(&press.ctx, id, &press.admin.actor()).await;
    let done = done.map(|()| id);
    decided(&press, id, done, SyncTexts::of(press.lang).discarded_toast).await
}

/// Returns the id of an existing run.
async fn existing(press: &ButtonPress) -> Result<i64, AppError> {
    let id = press.id()?;
    let found = press
        .ctx
        .db
        .read(async |conn| sync_list::find(conn, id).await)
        .await?;
    found.map(|run| run.id).ok_or(AppError::NotFound)
}

/// Redirects to the run that the decision leads to; if it was refused, reports why on the page of the run that waits,
/// which shows a decision made by somebody else.
async fn decided(
    press: &ButtonPress,
    id: i64,
    done: Result<i64, ApproveError>,
    sentence: &str,
) -> Result<HttpResponse, AppError> {
    let t = SyncTexts::of(press.lang);
    let toast = match done {
        Ok(run) => return Ok(press.redirect(&Toast::ok(sentence), &path_of(run))),
        Err(ApproveError::NotWaiting) => Toast::new(Tone::Warn, t.not_waiting_toast),
        Err(ApproveError::AlreadyRunning { by, since }) => {
            already(&press.ctx, press.lang, t.busy_toast, &by, since)
                .await?
                .0
        }
        Err(ApproveError::NoLongerAllowed) => return Err(AppError::NotAdmin),
        Err(ApproveError::Store(error)) => return Err(error.into()),
    };
    Ok(press.redirect(&toast, &path_of(id)))
}

/// Returns a toast that names who has been running a sync since when, and the run's id if it is still running.
async fn already(
    ctx: &Context,
    lang: Lang,
    sentence: &str,
    by: &str,
    since: DateTime<Utc>,
) -> Result<(Toast, Option<i64>), StoreError> {
    let running = SyncFilter {
        state: Some(SyncState::Running),
        ..SyncFilter::default()
    };
    let (now, run) = ctx
        .db
        .read(async |conn| {
            let run = sync_list::list(conn, &running, 1, 0).await?.pop();
            Ok::<_, StoreError>((staff::now(conn).await?, run))
        })
        .await?;
    // A run that has ended in the meantime no longer shows who started it.
    let kind = run
        .as_ref()
        .map_or(ActorKind::Person, |run| actor_kind(run.cause));
    let name = run.as_ref().and_then(|run| run.started_by_name.clone());
    let values: [(&str, &dyn std::fmt::Display); 2] = [
        ("by", &ActorView::new(lang, kind, by, name).label),
        ("since", &TimeText::new(since, now, lang).relative),
    ];
    let toast = Toast::new(Tone::Warn, interpolate(sentence, &values));
    Ok((toast, run.map(|run| run.id)))
}
