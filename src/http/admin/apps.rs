//! The company's apps, in the order set by the administrators.

mod act;
mod form;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::context::Context;
use crate::domain::app::{letters, place};
use crate::http::error::AppError;
use crate::http::extract::Admin;
use crate::http::layout::{Layout, html};
use crate::store::app::{self, AppRow};
use crate::text::admin_apps::AppTexts;
use crate::text::interpolate;

pub fn configure(cfg: &mut web::ServiceConfig) {
    let new = web::resource("/apps/new")
        .route(web::get().to(form::new))
        .route(web::post().to(form::create));
    let one = web::resource("/apps/{id}")
        .route(web::get().to(form::edit))
        .route(web::post().to(form::update));
    cfg.service(web::resource("/apps").route(web::get().to(list)))
        .service(new)
        .service(one)
        .service(web::resource("/apps/{id}/delete").route(web::post().to(act::delete)))
        .service(web::resource("/apps/{id}/show").route(web::post().to(act::show)))
        .service(web::resource("/apps/{id}/hide").route(web::post().to(act::hide)))
        .service(web::resource("/apps/{id}/up").route(web::post().to(act::up)))
        .service(web::resource("/apps/{id}/down").route(web::post().to(act::down)));
}

/// Maximum number of departments named in a row.
const NAMED: usize = 3;

#[derive(Template)]
#[template(path = "admin/apps.html")]
struct AppsPage {
    layout: Layout,
    t: &'static AppTexts,
    rows: Vec<AppView>,
}

struct AppView {
    id: i64,
    name: String,
    icon: Option<String>,
    letters: String,
    colour: String,
    place: String,
    url: String,
    description: String,
    audience: String,
    people: i64,
    people_href: String,
    is_shown: bool,
    is_first: bool,
    is_last: bool,
    up: String,
    down: String,
}

async fn list(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let layout = admin.layout(&ctx, &request).await?;
    let rows = ctx.db.read(async |conn| app::list(conn).await).await?;
    let t = AppTexts::of(layout.lang);
    let last = rows.len().saturating_sub(1);
    let rows = rows
        .into_iter()
        .enumerate()
        .map(|(at, row)| AppView {
            is_first: at == 0,
            is_last: at == last,
            ..view(row, t)
        })
        .collect();
    Ok(html(StatusCode::OK, &AppsPage { layout, t, rows }))
}

fn view(row: AppRow, t: &'static AppTexts) -> AppView {
    AppView {
        id: row.id,
        letters: letters(&row.name),
        icon: row.icon,
        colour: row.colour,
        place: place(&row.url),
        url: row.url,
        description: row.description,
        audience: if row.is_for_all {
            t.everybody.to_owned()
        } else {
            some_names(&row.departments, t)
        },
        people: row.audience,
        people_href: people_href(row.id, row.is_for_all),
        is_shown: row.is_shown,
        is_first: false,
        is_last: false,
        up: interpolate(t.up, &[("name", &row.name)]),
        down: interpolate(t.down, &[("name", &row.name)]),
        name: row.name,
    }
}

/// Returns the first departments of an app, and how many more there are.
fn some_names(names: &[String], t: &AppTexts) -> String {
    let first = names
        .iter()
        .take(NAMED)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(t.names_joint);
    if names.len() <= NAMED {
        return first;
    }
    let more = names.len() - NAMED;
    interpolate(t.and_more, &[("names", &first), ("more", &more)])
}

/// Returns the URL of the staff list with the people who see an app.
fn people_href(id: i64, is_for_all: bool) -> String {
    if is_for_all {
        "/admin/staff?status=employed".to_owned()
    } else {
        format!("/admin/staff?department=app-{id}&status=employed")
    }
}
