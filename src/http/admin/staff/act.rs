//! The actions on one person. A failed action is reported on the person's own page.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use uuid::Uuid;

use super::detail::{self, userid_of};
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::http::admin::form_errors::FormErrors;
use crate::http::admin::links::staff_path;
use crate::http::admin::see_other;
use crate::http::error::AppError;
use crate::http::extract::{CsrfForm, Reviewer};
use crate::http::flash;
use crate::http::layout::Toast;
use crate::http::login::signed_out;
use crate::http::pages::whole_seconds;
use crate::http::view::Tone;
use crate::service::staff_admin::{self, StaffError};
use crate::text::admin_staff::StaffTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;

#[derive(Debug, Deserialize)]
pub(super) struct ActForm {
    #[serde(default)]
    reason: String,
    /// The one session to end; empty for all.
    #[serde(default)]
    session: String,
}

pub(super) async fn leave(
    reviewer: Reviewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    userid: web::Path<String>,
    form: CsrfForm<ActForm>,
) -> Result<HttpResponse, AppError> {
    let userid = userid_of(&userid)?;
    let lang = Lang::of(request.headers());
    let t = StaffTexts::of(lang);
    match staff_admin::leave(&ctx, &reviewer.actor(), &userid, &form.0.reason).await {
        Ok((row, ended)) => {
            let sentence = if ended == 0 {
                t.left_toast_quietly
            } else {
                t.left_toast
            };
            let devices = usize::try_from(ended).unwrap_or(usize::MAX);
            Ok(done(
                &session,
                &userid,
                &Toast::ok(t.devices_sentence(sentence, lang, &row.name, devices)),
            ))
        }
        Err(error) => {
            let errors = FormErrors {
                reason: form.0.reason,
                ..form_errors(t, "leave", error)?
            };
            detail::page(&reviewer, &ctx, &request, &userid, errors).await
        }
    }
}

pub(super) async fn restore(
    reviewer: Reviewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    userid: web::Path<String>,
    form: CsrfForm<ActForm>,
) -> Result<HttpResponse, AppError> {
    let userid = userid_of(&userid)?;
    let t = StaffTexts::of(Lang::of(request.headers()));
    match staff_admin::restore(&ctx, &reviewer.actor(), &userid, &form.0.reason).await {
        Ok(name) => Ok(done(
            &session,
            &userid,
            &Toast::ok(interpolate(t.restored_toast, &[("name", &name)])),
        )),
        Err(error) => {
            let errors = FormErrors {
                reason: form.0.reason,
                ..form_errors(t, "restore", error)?
            };
            detail::page(&reviewer, &ctx, &request, &userid, errors).await
        }
    }
}

pub(super) async fn end_sessions(
    reviewer: Reviewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    userid: web::Path<String>,
    form: CsrfForm<ActForm>,
) -> Result<HttpResponse, AppError> {
    let userid = userid_of(&userid)?;
    let lang = Lang::of(request.headers());
    let t = StaffTexts::of(lang);
    let which = match form.0.session.trim() {
        "" => None,
        id => Some(Uuid::parse_str(id).map_err(|_| AppError::NotFound)?),
    };
    let by = reviewer.actor();
    let is_own =
        userid == reviewer.user.userid && which.is_none_or(|id| id == reviewer.user.session_id);
    match staff_admin::end_sessions(&ctx, &by, &userid, which, &form.0.reason).await {
        Ok(_) if is_own => Ok(signed_out(&request)),
        Ok((_, 0)) => Ok(done(
            &session,
            &userid,
            &Toast::new(Tone::Neutral, t.none_ended_toast),
        )),
        Ok((name, ended)) => {
            let devices = usize::try_from(ended).unwrap_or(usize::MAX);
            Ok(done(
                &session,
                &userid,
                &Toast::ok(t.devices_sentence(t.ended_toast, lang, &name, devices)),
            ))
        }
        Err(error) => {
            let errors = FormErrors {
                reason: form.0.reason,
                ..form_errors(t, "end-sessions", error)?
            };
            detail::page(&reviewer, &ctx, &request, &userid, errors).await
        }
    }
}

fn done(session: &Session, userid: &UserId, toast: &Toast) -> HttpResponse {
    flash::set(session, toast);
    see_other(&staff_path(userid.as_str()))
}

/// Returns what the page says about a failed action; an error if the person does not exist or the page cannot be
/// shown.
// Long because it is one table: the status and the sentence of each error.
fn form_errors(
    t: &StaffTexts,
    form: &'static str,
    error: StaffError,
) -> Result<FormErrors, AppError> {
    let (status, sentence) = match &error {
        StaffError::Reason => {
            return Ok(FormErrors {
                status: Some(StatusCode::BAD_REQUEST),
                bad_form: form,
                ..FormErrors::default()
            });
        }
        StaffError::NotFound => return Err(AppError::NotFound),
        StaffError::NoLongerAllowed => return Err(AppError::NotAdmin),
        StaffError::Store(_) => return Err(into_store_error(error)),
        StaffError::AboutAdministrator => (StatusCode::CONFLICT, t.about_administrator),
        StaffError::AboutSelf => (StatusCode::CONFLICT, t.about_self),
        StaffError::CannotTargetSelf => (StatusCode::CONFLICT, t.oneself),
        StaffError::AlreadyMarkedLeft => (StatusCode::CONFLICT, t.held_already),
        StaffError::NoSessions => (StatusCode::CONFLICT, t.no_sessions),
        StaffError::NotLeft => (StatusCode::CONFLICT, t.not_left),
        StaffError::NotListed => (StatusCode::CONFLICT, t.not_listed),
        StaffError::UnionidTaken(_) => (StatusCode::CONFLICT, t.unionid_taken),
        StaffError::LeftMeanwhile => (StatusCode::CONFLICT, t.left_meanwhile),
        StaffError::LastAdministrator => (StatusCode::CONFLICT, t.last_administrator),
        StaffError::Rejected => (StatusCode::CONFLICT, t.rejected),
        StaffError::HeldElsewhere(_) => (StatusCode::CONFLICT, t.held_elsewhere),
        StaffError::Upstream(error) if error.is_unavailable() => {
            (StatusCode::SERVICE_UNAVAILABLE, t.unavailable)
        }
        StaffError::Upstream(_) => (StatusCode::SERVICE_UNAVAILABLE, t.misconfigured),
    };
    let subject = match &error {
        StaffError::UnionidTaken(userid) | StaffError::HeldElsewhere(userid) => userid.as_str(),
        _ => "",
    };
    let retry_after = match &error {
        StaffError::Upstream(error) if error.is_unavailable() => {
            Some(whole_seconds(error.retry_after()))
        }
        _ => None,
    };
    tracing::info!(%error, form, "staff action failed");
    Ok(FormErrors {
        status: Some(status),
        note: Some(interpolate(sentence, &[("userid", &subject)])),
        retry_after,
        ..FormErrors::default()
    })
}

fn into_store_error(error: StaffError) -> AppError {
    match error {
        StaffError::Store(error) => error.into(),
        other => AppError::Internal(other.into()),
    }
}
