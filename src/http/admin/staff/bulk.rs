//! Actions on several people at once, after one confirmation.

use std::fmt::Display;

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::context::Context;
use crate::domain::ids::UserId;
use crate::http::admin::BackForm;
use crate::http::admin::bulk_ask::{BulkAsk, ChosenView, MAX_CHOSEN, ReasonField};
use crate::http::admin::links::staff_path;
use crate::http::error::AppError;
use crate::http::extract::{CsrfForm, Reviewer};
use crate::http::flash;
use crate::http::layout::Toast;
use crate::http::login::signed_out;
use crate::http::view::Tone;
use crate::service::staff_admin::{self, BulkAction, BulkReport, StaffError};
use crate::store::staff_list;
use crate::text::admin_review::people;
use crate::text::admin_staff::{StaffTexts, devices};
use crate::text::as_clause;
use crate::text::interpolate;
use crate::text::lang::Lang;

const PATH: &str = "/admin/staff-bulk";
const LIST: &str = "/admin/staff";
/// Of more refusals the toast names only the first ones.
const MAX_NAMED: usize = 8;

#[derive(Debug, Deserialize)]
pub(super) struct BulkForm {
    #[serde(default)]
    ids: Vec<String>,
    #[serde(default)]
    action: String,
    #[serde(default)]
    reason: String,
    /// Empty until the confirmation page has been shown.
    #[serde(default)]
    confirmed: String,
    #[serde(default)]
    back: Option<String>,
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
    let lang = Lang::of(request.headers());
    let t = StaffTexts::of(lang);
    let action = BulkAction::parse(&form.action).ok_or_else(|| {
        AppError::BadRequest(interpolate(t.unknown_action, &[("value", &form.action)]))
    })?;
    if form.ids.len() > MAX_CHOSEN {
        let sentence = interpolate(t.too_many, &[("n", &MAX_CHOSEN)]);
        return Err(AppError::BadRequest(sentence));
    }
    if form.ids.is_empty() {
        flash::set(&session, &Toast::new(Tone::Warn, t.nobody_chosen));
        return Ok(BackForm { back: form.back }.see_other(LIST));
    }
    if form.confirmed.is_empty() {
        return ask(&reviewer, &ctx, &request, action, form, StatusCode::OK).await;
    }
    let userids = userids(&form.ids)?;
    let by = reviewer.actor();
    match staff_admin::apply_to_many(&ctx, &by, action, &userids, &form.reason).await {
        Ok(outcomes)
            if action == BulkAction::EndSessions
                && has_succeeded(&outcomes, &reviewer.user.userid) =>
        {
            Ok(signed_out(&request))
        }
        Ok(outcomes) => {
            flash::set(&session, &toast(t, lang, action, &outcomes));
            Ok(BackForm { back: form.back }.see_other(LIST))
        }
        Err(StaffError::Reason) => {
            ask(
                &reviewer,
                &ctx,
                &request,
                action,
                form,
                StatusCode::BAD_REQUEST,
            )
            .await
        }
        Err(StaffError::NotFound) => Err(AppError::NotFound),
        Err(StaffError::NoLongerAllowed) => Err(AppError::NotAdmin),
        Err(StaffError::Store(error)) => Err(error.into()),
        Err(other) => Err(AppError::Internal(other.into())),
    }
}

fn userids(ids: &[String]) -> Result<Vec<UserId>, AppError> {
    let parsed = ids.iter().map(|id| UserId::parse(id.clone()));
    parsed
        .collect::<Result<_, _>>()
        .map_err(|_| AppError::BadRequest(String::new()))
}

// Long because it fills one struct, with one line for each part of the question.
async fn ask(
    reviewer: &Reviewer,
    ctx: &Context,
    request: &HttpRequest,
    action: BulkAction,
    form: BulkForm,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let chosen = ctx
        .db
        .read(async |conn| staff_list::chosen(conn, &form.ids, &reviewer.scope()).await)
        .await?;
    if chosen.is_empty() {
        return Err(AppError::NotFound);
    }
    let back = BackForm { back: form.back };
    let layout = reviewer.layout(ctx, request).await?.at(back.path_or(LIST));
    let (t, lang) = (StaffTexts::of(layout.lang), layout.lang);
    let (title, sentence, label) = match action {
        BulkAction::Leave => (t.many_leave_title, t.many_leave_ask, t.leave),
        BulkAction::EndSessions => (t.many_end_title, t.many_end_ask, t.end_all),
    };
    let words: [(&str, &dyn Display); 2] = [
        ("people", &people(lang, chosen.len())),
        (
            "devices",
            &devices(lang, chosen.iter().map(|one| one.sessions).sum()),
        ),
    ];
    let page = BulkAsk {
        list: (back.path_or(LIST), t.title),
        title: interpolate(title, &words),
        sentence: interpolate(sentence, &words),
        path: PATH,
        action: action.as_str(),
        label,
        back: back.back.unwrap_or_default(),
        reason: Some(ReasonField {
            value: form.reason,
            is_bad: status == StatusCode::BAD_REQUEST,
            missing: t.reason_missing,
        }),
        chosen: chosen
            .into_iter()
            .map(|one| ChosenView {
                href: staff_path(&one.userid),
                note: devices(lang, one.sessions),
                name: named(&one.name, &one.userid),
                id: one.userid,
            })
            .collect(),
        layout,
    };
    Ok(page.response(status))
}

fn named(name: &str, userid: &str) -> String {
    let name = if name.is_empty() { userid } else { name };
    name.to_owned()
}

fn has_succeeded(outcomes: &[BulkReport], userid: &UserId) -> bool {
    let mut outcomes = outcomes.iter();
    outcomes.any(|outcome| outcome.userid == *userid && outcome.result.is_ok())
}

/// Returns the toast: how many people it was done for, and who was refused and why.
fn toast(t: &StaffTexts, lang: Lang, action: BulkAction, outcomes: &[BulkReport]) -> Toast {
    let refused: Vec<String> = outcomes
        .iter()
        .filter_map(|outcome| {
            let why = objection(t, outcome.result.as_ref().err()?);
            let name = named(&outcome.name, outcome.userid.as_str());
            Some(interpolate(
                t.many_refused_one,
                &[("name", &name), ("why", &why)],
            ))
        })
        .collect();
    let done = outcomes.len() - refused.len();
    let sentence = match action {
        BulkAction::Leave => t.many_left_toast,
        BulkAction::EndSessions => t.many_ended_toast,
    };
    let mut text = interpolate(sentence, &[("people", &people(lang, done))]);
    if refused.is_empty() {
        return Toast::ok(text);
    }
    let named = refused.get(..MAX_NAMED).unwrap_or(&refused);
    let mut list = named.join(t.many_joint);
    if named.len() < refused.len() {
        list.push_str(t.many_more);
    }
    let words: [(&str, &dyn Display); 2] =
        [("people", &people(lang, refused.len())), ("list", &list)];
    text.push_str(&interpolate(t.many_refused, &words));
    Toast::new(Tone::Warn, text)
}

/// Returns why an action was refused for a person, as part of a sentence.
fn objection(t: &StaffTexts, error: &StaffError) -> String {
    let sentence = match error {
        StaffError::AboutAdministrator => t.about_administrator,
        StaffError::AboutSelf => t.about_self,
        StaffError::CannotTargetSelf => t.oneself,
        StaffError::AlreadyMarkedLeft => t.held_already,
        StaffError::NoSessions => t.no_sessions,
        StaffError::LastAdministrator => t.last_administrator,
        _ => t.unknown_person,
    };
    as_clause(sentence).to_owned()
}
