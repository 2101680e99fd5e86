//! Decisions about one case. A failed decision is reported on the case's own page.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::detail::{self, FormErrors};
use super::{ListView, case_id, display_name};
use crate::context::Context;
use crate::http::admin::acting::{actor, address_of};
use crate::http::admin::see_other;
use crate::http::error::AppError;
use crate::http::extract::Reviewer;
use crate::http::flash;
use crate::http::form::CsrfForm;
use crate::http::layout::Toast;
use crate::http::pages::whole_seconds;
use crate::service::review::{self, ReviewError};
use crate::store::unmatched::Case;
use crate::text::admin_review::ReviewTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;

#[derive(Debug, Deserialize)]
pub(super) struct ApproveForm {
    /// The staff row to link to; empty for none.
    #[serde(default)]
    userid: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReasonForm {
    #[serde(default)]
    reason: String,
}

pub(super) async fn approve(
    reviewer: Reviewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    id: web::Path<String>,
    form: CsrfForm<ApproveForm>,
) -> Result<HttpResponse, AppError> {
    let (id, address) = (case_id(&id)?, address_of(&ctx, &request));
    let asked = form.0.userid.trim();
    let link = Some(asked).filter(|asked| !asked.is_empty());
    let t = ReviewTexts::of(Lang::of(request.headers()));
    match review::approve(&ctx, &actor(&reviewer, address.as_deref()), id, link).await {
        Ok(case) => Ok(done(
            &session,
            ListView::of(&request).href(),
            &toast(t.approved_toast, &case),
        )),
        Err(error) => {
            let trouble = FormErrors {
                link: asked.to_owned(),
                ..trouble(t, error)?
            };
            detail::page(&reviewer, &ctx, &request, id, trouble).await
        }
    }
}

pub(super) async fn reject(
    reviewer: Reviewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    id: web::Path<String>,
    form: CsrfForm<ReasonForm>,
) -> Result<HttpResponse, AppError> {
    let (id, address) = (case_id(&id)?, address_of(&ctx, &request));
    let t = ReviewTexts::of(Lang::of(request.headers()));
    match review::reject(
        &ctx,
        &actor(&reviewer, address.as_deref()),
        id,
        &form.0.reason,
    )
    .await
    {
        Ok(case) => {
            let view = ListView::of(&request);
            let undo = view.keep(&format!("/admin/unmatched/{id}/reopen"));
            let toast = toast(t.rejected_toast, &case).with_undo(undo);
            Ok(done(&session, view.href(), &toast))
        }
        Err(error) => {
            let trouble = FormErrors {
                reason: form.0.reason,
                ..trouble(t, error)?
            };
            detail::page(&reviewer, &ctx, &request, id, trouble).await
        }
    }
}

pub(super) async fn reopen(
    reviewer: Reviewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    id: web::Path<String>,
    form: CsrfForm<ReasonForm>,
) -> Result<HttpResponse, AppError> {
    let (id, address) = (case_id(&id)?, address_of(&ctx, &request));
    let t = ReviewTexts::of(Lang::of(request.headers()));
    match review::reopen(
        &ctx,
        &actor(&reviewer, address.as_deref()),
        id,
        &form.0.reason,
    )
    .await
    {
        Ok(case) => Ok(done(
            &session,
            &ListView::of(&request).case(id),
            &toast(t.reopened_toast, &case),
        )),
        Err(error) => detail::page(&reviewer, &ctx, &request, id, trouble(t, error)?).await,
    }
}

fn toast(sentence: &str, case: &Case) -> Toast {
    Toast::ok(interpolate(sentence, &[("name", &display_name(case))]))
}

fn done(session: &Session, back: &str, toast: &Toast) -> HttpResponse {
    flash::set(session, toast);
    see_other(back)
}

/// Returns what the page says about a failed decision; an error if the case does not exist or the page cannot be
/// shown.
fn trouble(t: &ReviewTexts, error: ReviewError) -> Result<FormErrors, AppError> {
    let (status, code, retry_after) = match &error {
        ReviewError::Reason => {
            return Ok(FormErrors {
                status: Some(StatusCode::BAD_REQUEST),
                reason_is_bad: true,
                ..FormErrors::default()
            });
        }
        ReviewError::NotFound => return Err(AppError::NotFound),
        ReviewError::NoLongerAllowed => return Err(AppError::NotAdmin),
        ReviewError::Refused(objection) => (StatusCode::CONFLICT, objection.code(), None),
        ReviewError::Upstream(error) if error.is_unavailable() => (
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            Some(whole_seconds(error.retry_after())),
        ),
        ReviewError::Upstream(_) => (StatusCode::SERVICE_UNAVAILABLE, "misconfigured", None),
        ReviewError::Store(_) => return Err(into_store_error(error)),
    };
    let about = match &error {
        ReviewError::Refused(objection) => objection.about().unwrap_or_default(),
        _ => "",
    };
    // Not the error itself: it may contain what was typed into the form.
    tracing::info!(outcome = code, "review decision failed");
    Ok(FormErrors {
        status: Some(status),
        note: Some(t.objection(code, about)),
        retry_after,
        ..FormErrors::default()
    })
}

fn into_store_error(error: ReviewError) -> AppError {
    match error {
        ReviewError::Store(error) => error.into(),
        other => AppError::Internal(other.into()),
    }
}
