//! The signed-in browsers.

mod bulk;

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::links::{current_url, staff_path};
use super::list_query::{ListQuery, choices};
use super::{BackForm, last_page};
use crate::context::Context;
use crate::domain::session::LoginMethod;
use crate::http::admin::acting::{actor, address_of};
use crate::http::error::AppError;
use crate::http::extract::{Admin, Auditor};
use crate::http::flash;
use crate::http::form::CsrfForm;
use crate::http::layout::{Layout, Toast, html};
use crate::http::login::signed_out;
use crate::http::view::{Choice, Pager, Sorting, Tone, order, query};
use crate::service::sessions;
use crate::store::StoreError;
use crate::store::session_list::{self, SessionFilter, SessionRow};
use crate::store::sort::Sort;
use crate::text::admin_sessions::SessionTexts;
use crate::text::browser::browser_name;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::TimeText;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/sessions").route(web::get().to(list)))
        .service(web::resource("/sessions/bulk").route(web::post().to(bulk::start)))
        .service(web::resource("/sessions/{id}/end").route(web::post().to(end)));
}

const COLUMNS: [&str; 4] = ["who", "since", "seen", "ends"];
const DESCENDING: [&str; 3] = ["since", "seen", "ends"];
const LATEST_FIRST: Sort = Sort {
    column: "seen",
    is_descending: true,
};

#[derive(Template)]
#[template(path = "admin/sessions.html")]
struct SessionsPage {
    frame: Layout,
    t: &'static SessionTexts,
    q: String,
    methods: Vec<Choice<'static>>,
    sorting: Sorting,
    order: [(&'static str, &'static str); 2],
    is_filtered: bool,
    rows: Vec<SessionView>,
    pager: Pager,
    /// This view's URL.
    back: String,
}

struct SessionView {
    id: Uuid,
    /// The label of the row's checkbox.
    label: String,
    name: String,
    userid: String,
    href: String,
    method_words: &'static str,
    browser: String,
    user_agent: String,
    address: String,
    since: TimeText,
    last_seen: TimeText,
    ends: TimeText,
    is_current: bool,
    /// The confirmation question, which names the person and the effect.
    end_ask: String,
    end_path: String,
}

async fn list(
    auditor: Auditor,
    ctx: web::Data<Context>,
    request: HttpRequest,
    asked: ListQuery,
) -> Result<HttpResponse, AppError> {
    let method = asked.value("method", &LoginMethod::ALL, LoginMethod::as_str)?;
    let sort = asked.sort(&COLUMNS)?;
    let filter = SessionFilter {
        method,
        q: asked.q().to_owned(),
    };
    let paging = asked.paging();
    let now = auditor.user.now;
    let (total, rows) = ctx
        .db
        .read(async |conn| {
            let total = session_list::count(conn, &filter).await?;
            let (limit, offset) = (paging.per_page, paging.offset());
            let rows = session_list::list(conn, &filter, sort, limit, offset).await?;
            Ok::<_, StoreError>((total, rows))
        })
        .await?;
    let pairs = [
        ("q", filter.q.as_str()),
        ("method", method.map_or("", LoginMethod::as_str)),
    ];
    let (unordered, order) = (query(&pairs), order(sort));
    let filters = query(&[pairs.as_slice(), &order].concat());
    let pager = Pager::new(paging, total, &filters);
    if let Some(answer) = last_page(&request, &pager) {
        return Ok(answer);
    }
    let frame = auditor.frame(&ctx, &request).await?;
    let t = SessionTexts::of(frame.lang);
    let page = SessionsPage {
        t,
        methods: choices(
            frame.t.all,
            &LoginMethod::ALL.map(|method| (method.as_str(), t.method_words(method))),
            method.map(LoginMethod::as_str),
        ),
        sorting: Sorting::new(sort.or(Some(LATEST_FIRST)), &DESCENDING, &unordered, paging),
        order,
        is_filtered: !unordered.is_empty(),
        rows: rows
            .into_iter()
            .map(|row| view(row, now, frame.lang, auditor.user.session_id))
            .collect(),
        pager,
        back: current_url(&request),
        q: filter.q,
        frame,
    };
    Ok(html(StatusCode::OK, &page))
}

fn view(row: SessionRow, now: DateTime<Utc>, lang: Lang, own: Uuid) -> SessionView {
    let t = SessionTexts::of(lang);
    let browser = browser_name(&row.user_agent, lang);
    let name = if row.name.is_empty() {
        row.userid.clone()
    } else {
        row.name
    };
    let is_current = row.id == own;
    SessionView {
        id: row.id,
        label: interpolate(t.end_label, &[("name", &name), ("browser", &browser)]),
        end_path: format!("/admin/sessions/{}/end", row.id),
        href: staff_path(&row.userid),
        userid: row.userid,
        method_words: t.method_words(row.method),
        end_ask: if is_current {
            t.end_ask_self.to_owned()
        } else {
            interpolate(t.end_ask, &[("name", &name), ("browser", &browser)])
        },
        browser,
        user_agent: row.user_agent,
        address: row.ip,
        since: TimeText::new(row.created_at, now, lang),
        last_seen: TimeText::new(row.last_seen_at, now, lang),
        ends: TimeText::new(row.ends_at, now, lang),
        is_current,
        name,
    }
}

async fn end(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    id: web::Path<String>,
    form: CsrfForm<BackForm>,
) -> Result<HttpResponse, AppError> {
    let id = Uuid::parse_str(&id).map_err(|_| AppError::NotFound)?;
    let t = SessionTexts::of(Lang::of(request.headers()));
    let address = address_of(&ctx, &request);
    let by = actor(&admin, address.as_deref());
    let ended = sessions::end_session(&ctx, &by, id).await?;
    if id == admin.user.session_id {
        return Ok(signed_out(&request));
    }
    let toast = match ended {
        Some(name) => Toast::ok(interpolate(t.ended, &[("name", &name)])),
        None => Toast::new(Tone::Warn, t.gone),
    };
    flash::set(&session, &toast);
    Ok(form.0.see_other("/admin/sessions"))
}
