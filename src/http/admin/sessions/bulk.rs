//! Ending several sessions at once, after one confirmation.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use uuid::Uuid;

use crate::context::Context;
use crate::http::admin::BackForm;
use crate::http::admin::bulk_ask::{BulkAsk, ChosenView, MAX_CHOSEN};
use crate::http::admin::links::staff_path;
use crate::http::error::AppError;
use crate::http::extract::{Admin, CsrfForm};
use crate::http::flash;
use crate::http::layout::Toast;
use crate::http::login::signed_out;
use crate::http::view::Tone;
use crate::service::sessions;
use crate::store::session_list::{self, SessionRow};
use crate::text::admin_review::people;
use crate::text::admin_sessions::SessionTexts;
use crate::text::browser::browser_name;
use crate::text::interpolate;
use crate::text::lang::Lang;

const LIST: &str = "/admin/sessions";

#[derive(Debug, Deserialize)]
pub(super) struct BulkForm {
    #[serde(default)]
    ids: Vec<String>,
    /// Empty until the confirmation page has been shown.
    #[serde(default)]
    confirmed: String,
    #[serde(default)]
    back: Option<String>,
}

pub(super) async fn start(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    form: CsrfForm<BulkForm>,
) -> Result<HttpResponse, AppError> {
    let form = form.0;
    let back = BackForm { back: form.back };
    let lang = Lang::of(request.headers());
    let t = SessionTexts::of(lang);
    if form.ids.len() > MAX_CHOSEN {
        let sentence = interpolate(t.too_many, &[("n", &MAX_CHOSEN)]);
        return Err(AppError::BadRequest(sentence));
    }
    if form.ids.is_empty() {
        flash::set(&session, &Toast::new(Tone::Warn, t.none_chosen));
        return Ok(back.see_other(LIST));
    }
    let ids: Result<Vec<Uuid>, _> = form.ids.iter().map(|id| Uuid::parse_str(id)).collect();
    let ids = ids.map_err(|_| AppError::BadRequest(String::new()))?;
    if form.confirmed.is_empty() {
        return ask(&admin, &ctx, &request, &session, back, &ids).await;
    }
    let by = admin.actor();
    let ended = sessions::end_sessions(&ctx, &by, &ids).await?;
    if ids.contains(&admin.user.session_id) {
        return Ok(signed_out(&request));
    }
    let toast = match ended {
        (0, _) => Toast::new(Tone::Warn, t.gone),
        (ended, of) => {
            let people = people(lang, of);
            Toast::ok(interpolate(
                t.many_ended,
                &[("n", &ended), ("people", &people)],
            ))
        }
    };
    flash::set(&session, &toast);
    Ok(back.see_other(LIST))
}

async fn ask(
    admin: &Admin,
    ctx: &Context,
    request: &HttpRequest,
    session: &Session,
    back: BackForm,
    ids: &[Uuid],
) -> Result<HttpResponse, AppError> {
    let chosen = ctx
        .db
        .read(async |conn| session_list::chosen(conn, ids).await)
        .await?;
    let t = SessionTexts::of(Lang::of(request.headers()));
    if chosen.is_empty() {
        flash::set(session, &Toast::new(Tone::Warn, t.gone));
        return Ok(back.see_other(LIST));
    }
    let layout = admin.layout(ctx, request).await?.at(back.path_or(LIST));
    let page = BulkAsk {
        list: (back.path_or(LIST), t.title),
        title: interpolate(t.many_title, &[("n", &chosen.len())]),
        sentence: interpolate(t.many_ask, &[("n", &chosen.len())]),
        path: "/admin/sessions/bulk",
        action: "",
        label: t.end,
        back: back.back.unwrap_or_default(),
        reason: None,
        chosen: chosen
            .into_iter()
            .map(|row| {
                view(
                    row,
                    admin.user.session_id,
                    layout.lang,
                    layout.t.this_session,
                )
            })
            .collect(),
        layout,
    };
    Ok(page.response(StatusCode::OK))
}

fn view(row: SessionRow, own: Uuid, lang: Lang, this_session: &str) -> ChosenView {
    let browser = browser_name(&row.user_agent, lang);
    let mark = if row.id == own {
        format!(" · {this_session}")
    } else {
        String::new()
    };
    ChosenView {
        id: row.id.to_string(),
        href: staff_path(&row.userid),
        note: format!("{browser} · {}{mark}", row.ip),
        name: if row.name.is_empty() {
            row.userid
        } else {
            row.name
        },
    }
}
