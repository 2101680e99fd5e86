//! The signed-in browsers.

mod bulk;

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::BackForm;
use super::links::staff_path;
use super::list_page::{ListPage, ListSpec};
use super::list_query::{ALL, ListQuery};
use crate::context::Context;
use crate::domain::export::{ExportColumn, ExportedList};
use crate::domain::session::LoginMethod;
use crate::http::admin::exports::{Export, FORMATS};
use crate::http::error::AppError;
use crate::http::extract::{Admin, Auditor, CsrfForm};
use crate::http::flash;
use crate::http::layout::{Layout, Toast};
use crate::http::login::signed_out;
use crate::http::table::{Cell, TableHead};
use crate::http::view::Tone;
use crate::service::sessions;
use crate::store::session_list::{self, SessionFilter, SessionRow};
use crate::store::sort::Sort;
use crate::store::{Conn, StoreError};
use crate::text::admin_sessions::SessionTexts;
use crate::text::browser::browser_name;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::TimeText;
use futures_util::stream::TryStreamExt as _;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/sessions").route(web::get().to(list)))
        .service(web::resource(format!("/sessions{FORMATS}")).route(web::get().to(export)))
        .service(web::resource("/sessions/bulk").route(web::post().to(bulk::start)))
        .service(web::resource("/sessions/{id}/end").route(web::post().to(end)));
}

const LIST: ListSpec = ListSpec {
    filters: &[("method", ALL)],
    columns: &["who", "since", "seen", "ends"],
    descending: &["since", "seen", "ends"],
    default_sort: Some(Sort {
        column: "seen",
        is_descending: true,
    }),
    ..ListSpec::PLAIN
};
const EXPORT: TableHead = TableHead {
    list: ExportedList::Sessions,
    columns: &[
        ExportColumn::Userid,
        ExportColumn::Name,
        ExportColumn::Method,
        ExportColumn::Address,
        ExportColumn::UserAgent,
        ExportColumn::SignedInAt,
        ExportColumn::LastSeenAt,
        ExportColumn::ExpiresAt,
    ],
};

#[derive(Template)]
#[template(path = "admin/sessions.html")]
struct SessionsPage {
    layout: Layout,
    t: &'static SessionTexts,
    list: ListPage<SessionView>,
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

fn filter(query: &ListQuery) -> Result<SessionFilter, AppError> {
    Ok(SessionFilter {
        method: query.value("method", &LoginMethod::ALL, LoginMethod::as_str)?,
        q: query.q().to_owned(),
    })
}

async fn export(
    auditor: Auditor,
    export: Export,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (filter, sort) = (filter(&query)?, query.sort(LIST.columns)?);
    let find =
        async move |conn: &mut Conn| session_list::list(conn, &filter, sort, i64::MAX, 0).await;
    let rows = export.all(find).map_ok(cells);
    export.respond(&auditor, EXPORT, rows).await
}

fn cells(row: SessionRow) -> Vec<Cell> {
    vec![
        row.userid.into(),
        row.name.into(),
        row.method.as_str().into(),
        row.ip.into(),
        row.user_agent.into(),
        row.created_at.into(),
        row.last_seen_at.into(),
        row.ends_at.into(),
    ]
}

async fn list(
    auditor: Auditor,
    ctx: web::Data<Context>,
    request: HttpRequest,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (filter, list) = (filter(&query)?, LIST.request(&query)?);
    let (now, own) = (auditor.user.now, auditor.user.session_id);
    let (total, rows, elsewhere) = ctx
        .db
        .read(async |conn| {
            let total = session_list::count(conn, &filter).await?;
            let (limit, offset) = (list.paging.per_page, list.paging.offset());
            let rows = session_list::list(conn, &filter, list.sort, limit, offset).await?;
            let elsewhere = if list.is_hidden_by_filters(total) {
                session_list::count(conn, &filter.text_only()).await?
            } else {
                0
            };
            Ok::<_, StoreError>((total, rows, elsewhere))
        })
        .await?;
    let pager = list.pager(total);
    let page = |layout: Layout, list: ListPage<SessionRow>| {
        let (lang, t) = (layout.lang, SessionTexts::of(layout.lang));
        let method = |method: LoginMethod| (method.as_str(), t.method_words(method));
        SessionsPage {
            t,
            list: list
                .with_filter("method", t.method, LoginMethod::ALL.map(method))
                .with_elsewhere(elsewhere)
                .map(|row| view(row, now, lang, own)),
            layout,
        }
    };
    list.respond(&auditor, &ctx, &request, pager, rows, page)
        .await
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
    let by = admin.actor();
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
