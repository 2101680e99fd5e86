//! The actions on syncs: starting one, deciding about the leavers of one that waits.

use actix_session::Session;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};

use super::{actor_kind, path_of};
use crate::context::Context;
use crate::domain::audit::ActorKind;
use crate::domain::sync::{SyncCause, SyncState};
use crate::http::admin::actor_view::ActorView;
use crate::http::admin::{BackForm, see_other};
use crate::http::error::AppError;
use crate::http::extract::{Admin, CsrfForm};
use crate::http::flash;
use crate::http::layout::Toast;
use crate::http::view::Tone;
use crate::service::directory_sync::{self, ApproveError, Request, SyncError};
use crate::store::sync_list::{self, SyncFilter};
use crate::store::{StoreError, staff};
use crate::text::admin_syncs::SyncTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::TimeText;

pub(super) async fn start(
    admin: Admin,
    ctx: web::Data<Context>,
    session: Session,
    lang: Lang,
    _form: CsrfForm<BackForm>,
) -> Result<HttpResponse, AppError> {
    let request = Request {
        cause: SyncCause::Admin,
        started_by: admin.user.userid.as_str().to_owned(),
        dry_run: false,
        accept_leavers: false,
    };
    let t = SyncTexts::of(lang);
    match directory_sync::start(&ctx, request).await {
        Ok(id) => {
            flash::set(&session, &Toast::ok(t.started_toast));
            Ok(see_other(&path_of(id)))
        }
        Err(SyncError::AlreadyRunning { by, since }) => {
            let (toast, running) = already(&ctx, lang, t.running_toast, &by, since).await?;
            flash::set(&session, &toast);
            Ok(see_other(
                &running.map_or_else(|| "/admin/syncs".to_owned(), path_of),
            ))
        }
        Err(SyncError::NoLongerAllowed) => Err(AppError::NotAdmin),
        Err(SyncError::Store(error)) => Err(error.into()),
        Err(error) => Err(AppError::Internal(error.into())),
    }
}

pub(super) async fn approve(
    admin: Admin,
    ctx: web::Data<Context>,
    session: Session,
    lang: Lang,
    id: web::Path<String>,
    _form: CsrfForm<BackForm>,
) -> Result<HttpResponse, AppError> {
    let id = known(&ctx, &id).await?;
    let by = admin.actor();
    let decided = directory_sync::approve(&ctx, id, &by).await;
    match decided {
        Ok(run) => {
            flash::set(&session, &Toast::ok(SyncTexts::of(lang).approved_toast));
            Ok(see_other(&path_of(run)))
        }
        Err(error) => undecided(&ctx, &session, lang, id, error).await,
    }
}

pub(super) async fn discard(
    admin: Admin,
    ctx: web::Data<Context>,
    session: Session,
    lang: Lang,
    id: web::Path<String>,
    _form: CsrfForm<BackForm>,
) -> Result<HttpResponse, AppError> {
    let id = known(&ctx, &id).await?;
    let by = admin.actor();
    match directory_sync::discard(&ctx, id, &by).await {
        Ok(()) => {
            flash::set(&session, &Toast::ok(SyncTexts::of(lang).discarded_toast));
            Ok(see_other(&path_of(id)))
        }
        Err(error) => undecided(&ctx, &session, lang, id, error).await,
    }
}

/// Returns the id of an existing run.
async fn known(ctx: &Context, id: &str) -> Result<i64, AppError> {
    let id: i64 = id.parse().map_err(|_| AppError::NotFound)?;
    let found = ctx
        .db
        .read(async |conn| sync_list::find(conn, id).await)
        .await?;
    found.map(|run| run.id).ok_or(AppError::NotFound)
}

/// Reports on the run's page why the decision was refused; the page shows a decision made by somebody else.
async fn undecided(
    ctx: &Context,
    session: &Session,
    lang: Lang,
    id: i64,
    error: ApproveError,
) -> Result<HttpResponse, AppError> {
    let t = SyncTexts::of(lang);
    let toast = match error {
        ApproveError::NotWaiting => Toast::new(Tone::Warn, t.not_waiting_toast),
        ApproveError::AlreadyRunning { by, since } => {
            already(ctx, lang, t.busy_toast, &by, since).await?.0
        }
        ApproveError::NoLongerAllowed => return Err(AppError::NotAdmin),
        ApproveError::Store(error) => return Err(error.into()),
    };
    flash::set(session, &toast);
    Ok(see_other(&path_of(id)))
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
