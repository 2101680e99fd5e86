//! Decisions about one case. A failed decision is reported on the case's own page.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::detail;
use super::steps::next_waiting;
use super::{ListView, case_id, display_name};
use crate::context::Context;
use crate::http::admin::form_errors::FormErrors;
use crate::http::admin::see_other;
use crate::http::error::AppError;
use crate::http::extract::{CsrfForm, Reviewer};
use crate::http::flash;
use crate::http::layout::Toast;
use crate::http::pages::whole_seconds;
use crate::service::review::{self, ReviewError};
use crate::store::unmatched::Case;
use crate::text::admin_review::ReviewTexts;
use crate::text::admin_review::directory::DirectoryTexts;
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
    let id = case_id(&id)?;
    let userid = form.0.userid.trim();
    let link = Some(userid).filter(|userid| !userid.is_empty());
    let t = ReviewTexts::of(Lang::of(request.headers()));
    let next = next_page(&ctx, &reviewer, &request, id).await?;
    match review::approve(&ctx, &reviewer.actor(), id, link).await {
        Ok(case) => Ok(done(&session, &next, &toast(t.approved_toast, &case))),
        Err(error) => {
            let errors = FormErrors {
                link: userid.to_owned(),
                ..form_errors(t, error)?
            };
            detail::page(&reviewer, &ctx, &request, id, errors).await
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
    let id = case_id(&id)?;
    let t = ReviewTexts::of(Lang::of(request.headers()));
    let next = next_page(&ctx, &reviewer, &request, id).await?;
    match review::reject(&ctx, &reviewer.actor(), id, &form.0.reason).await {
        Ok(case) => {
            let view = ListView::of(&request);
            let undo = view.keep(&format!("/admin/unmatched/{id}/reopen"));
            let toast = toast(t.rejected_toast, &case).with_undo(undo);
            Ok(done(&session, &next, &toast))
        }
        Err(error) => {
            let errors = FormErrors {
                reason: form.0.reason,
                ..form_errors(t, error)?
            };
            detail::page(&reviewer, &ctx, &request, id, errors).await
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
    let id = case_id(&id)?;
    let t = ReviewTexts::of(Lang::of(request.headers()));
    match review::reopen(&ctx, &reviewer.actor(), id, &form.0.reason).await {
        Ok(case) => Ok(done(
            &session,
            &ListView::of(&request).case(id),
            &toast(t.reopened_toast, &case),
        )),
        Err(error) => detail::page(&reviewer, &ctx, &request, id, form_errors(t, error)?).await,
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct EmptyForm {}

/// Limits the rejection of a case to the account.
pub(super) async fn limit(
    reviewer: Reviewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    id: web::Path<String>,
    _form: CsrfForm<EmptyForm>,
) -> Result<HttpResponse, AppError> {
    let id = case_id(&id)?;
    let lang = Lang::of(request.headers());
    match review::limit_to_account(&ctx, &reviewer.actor(), id).await {
        Ok(case) => Ok(done(
            &session,
            &ListView::of(&request).case(id),
            &toast(DirectoryTexts::of(lang).limited_toast, &case),
        )),
        Err(error) => {
            let errors = form_errors(ReviewTexts::of(lang), error)?;
            detail::page(&reviewer, &ctx, &request, id, errors).await
        }
    }
}

/// Has the person of a case looked up in the directory again.
pub(super) async fn look_up(
    reviewer: Reviewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
    _form: CsrfForm<EmptyForm>,
) -> Result<HttpResponse, AppError> {
    let id = case_id(&id)?;
    match review::request_lookup(&ctx, &reviewer.actor(), id).await {
        Ok(()) => Ok(see_other(&ListView::of(&request).case(id))),
        Err(error) => {
            let errors = form_errors(ReviewTexts::of(Lang::of(request.headers())), error)?;
            detail::page(&reviewer, &ctx, &request, id, errors).await
        }
    }
}

/// Returns where a decision leads: to the next waiting case of the view, or to the view after the last one. Read before
/// the decision, which takes the case out of the view.
async fn next_page(
    ctx: &Context,
    reviewer: &Reviewer,
    request: &HttpRequest,
    id: i64,
) -> Result<String, AppError> {
    let (view, scope) = (ListView::of(request), reviewer.scope());
    let next = ctx
        .db
        .read(async |conn| next_waiting(conn, &view, &scope, id).await)
        .await?;
    Ok(next.map_or_else(|| view.href().to_owned(), |next| view.case(next)))
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
fn form_errors(t: &ReviewTexts, error: ReviewError) -> Result<FormErrors, AppError> {
    let (status, code, retry_after) = match &error {
        ReviewError::Reason => {
            return Ok(FormErrors {
                status: Some(StatusCode::BAD_REQUEST),
                bad_form: "reject",
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
    let subject = match &error {
        ReviewError::Refused(objection) => objection.subject().unwrap_or_default(),
        _ => "",
    };
    // Not the error itself: it may contain what was typed into the form.
    tracing::info!(outcome = code, "review decision failed");
    Ok(FormErrors {
        status: Some(status),
        note: Some(t.objection(code, subject)),
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
