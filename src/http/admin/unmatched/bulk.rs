//! Decisions about many cases: started here, carried out by a worker, shown on the job's page.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::ListView;
use crate::context::Context;
use crate::domain::case::ReviewAction;
use crate::http::admin::see_other;
use crate::http::error::AppError;
use crate::http::extract::{CsrfForm, Reviewer};
use crate::http::flash;
use crate::http::layout::{Layout, Toast, html};
use crate::http::view::Tone;
use crate::service::review::{self, ReviewError};
use crate::store::unmatched;
use crate::text::admin_review::{ReviewTexts, people};
use crate::text::interpolate;
use crate::text::lang::Lang;

/// The page shows at most 200; a longer list was not selected by a person.
const MAX_CHOSEN: usize = 500;

#[derive(Debug, Deserialize)]
pub(super) struct BulkForm {
    #[serde(default)]
    ids: Vec<i64>,
    #[serde(default)]
    action: String,
    /// `None` until the page that asks for it has been shown.
    #[serde(default)]
    reason: Option<String>,
    /// Set by the page that asks before people are approved.
    #[serde(default)]
    confirmed: Option<String>,
    #[serde(default)]
    back: Option<String>,
}

impl BulkForm {
    /// Returns whether a page asks first: people are neither admitted nor rejected by one press.
    fn must_ask(&self, action: ReviewAction) -> bool {
        match action {
            ReviewAction::Approve => self.confirmed.is_none(),
            ReviewAction::Reject => self.reason.is_none(),
            ReviewAction::Reopen => false,
        }
    }
}

/// Asks, before many people are approved or rejected, for a confirmation, and for a reason if they are rejected.
#[derive(Template)]
#[template(path = "admin/unmatched_bulk.html")]
struct AskPage {
    layout: Layout,
    t: &'static ReviewTexts,
    title: String,
    sentence: String,
    chosen: Vec<(i64, String)>,
    /// The list view in which the selection was made.
    view: ListView,
    rejects: bool,
    reason: String,
    reason_is_bad: bool,
}

// Long because it is one table: the response for each stage of the form and each error.
pub(super) async fn start(
    reviewer: Reviewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    form: CsrfForm<BulkForm>,
) -> Result<HttpResponse, AppError> {
    let form = form.0;
    let t = ReviewTexts::of(Lang::of(request.headers()));
    let view = ListView::parse(form.back.as_deref());
    let Some(action) = ReviewAction::parse(&form.action) else {
        return Err(AppError::BadRequest(interpolate(
            t.unknown_action,
            &[("value", &form.action)],
        )));
    };
    if form.ids.len() > MAX_CHOSEN {
        return Err(AppError::BadRequest(interpolate(
            t.too_many,
            &[("n", &MAX_CHOSEN)],
        )));
    }
    if form.ids.is_empty() {
        flash::set(&session, &Toast::new(Tone::Warn, t.nobody_chosen));
        return Ok(see_other(view.href()));
    }
    if form.must_ask(action) {
        return ask(&reviewer, &ctx, &request, form, action, StatusCode::OK).await;
    }
    let reason = form.reason.as_deref().unwrap_or_default();
    match review::start_bulk(
        &ctx,
        &reviewer.user.userid,
        &reviewer.scope(),
        action,
        reason,
        &form.ids,
    )
    .await
    {
        Ok(job) => Ok(see_other(
            &view.keep(&format!("/admin/unmatched/jobs/{job}")),
        )),
        Err(ReviewError::Reason) => {
            let bad = StatusCode::BAD_REQUEST;
            ask(&reviewer, &ctx, &request, form, action, bad).await
        }
        Err(ReviewError::Store(error)) => Err(error.into()),
        Err(ReviewError::NotFound) => Err(AppError::NotFound),
        Err(other) => Err(AppError::Internal(other.into())),
    }
}

async fn ask(
    reviewer: &Reviewer,
    ctx: &Context,
    request: &HttpRequest,
    form: BulkForm,
    action: ReviewAction,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let chosen = ctx
        .db
        .read(async |conn| {
            let covered = unmatched::within(conn, &form.ids, &reviewer.scope()).await?;
            unmatched::nicks(conn, &covered).await
        })
        .await?;
    if chosen.is_empty() {
        return Err(AppError::NotFound);
    }
    let view = ListView::parse(form.back.as_deref());
    let layout = reviewer.layout(ctx, request).await?.at(view.href());
    let t = ReviewTexts::of(layout.lang);
    let people = people(layout.lang, chosen.len());
    let rejects = action == ReviewAction::Reject;
    let (title, sentence) = if rejects {
        (t.bulk_reject_title, t.bulk_reject_text)
    } else {
        (t.bulk_approve_title, t.bulk_approve_text)
    };
    let page = AskPage {
        t,
        title: interpolate(title, &[("people", &people)]),
        sentence: interpolate(sentence, &[("people", &people)]),
        rejects,
        chosen,
        view,
        reason: form.reason.unwrap_or_default(),
        reason_is_bad: status == StatusCode::BAD_REQUEST,
        layout,
    };
    Ok(html(status, &page))
}
