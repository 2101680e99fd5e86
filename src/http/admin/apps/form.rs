//! The form of a new or an existing app. An invalid form comes back filled in; so does one that requests a
//! department search, which therefore needs no script.

mod page;

use std::collections::BTreeSet;

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::context::Context;
use crate::domain::app::{App, AppInput, FieldError};
use crate::domain::ids::DeptId;
use crate::http::admin::see_other;
use crate::http::error::AppError;
use crate::http::extract::{Admin, CsrfForm};
use crate::http::flash;
use crate::http::layout::Toast;
use crate::http::view::Tone;
use crate::service::apps;
use crate::store::StoreError;
use crate::store::app::{self, AppRow};
use crate::text::admin_apps::AppTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;
use page::page;

/// Longer search texts are truncated.
const MAX_SEARCH: usize = 100;

/// A form as submitted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AppForm {
    name: String,
    address: String,
    description: String,
    icon: String,
    colour: String,
    audience: String,
    departments: BTreeSet<DeptId>,
    shown: String,
    /// The search text for departments, and the one that the page already shows the results of.
    q: String,
    searched: String,
    /// `find`, `save`, or `enter` if Enter was pressed in a field.
    act: String,
}

impl AppForm {
    /// Returns the form of a new app; it is visible to all, since most apps are.
    fn empty() -> Self {
        Self {
            colour: "blue".to_owned(),
            audience: "all".to_owned(),
            shown: "yes".to_owned(),
            ..Self::default()
        }
    }

    fn of(row: AppRow, departments: Vec<DeptId>) -> Self {
        Self {
            name: row.name,
            address: row.url,
            description: row.description,
            icon: row.icon.unwrap_or_default(),
            colour: row.colour,
            audience: if row.is_for_all { "all" } else { "some" }.to_owned(),
            departments: departments.into_iter().collect(),
            shown: if row.is_shown { "yes" } else { "" }.to_owned(),
            ..Self::default()
        }
    }

    fn input(&self) -> AppInput {
        AppInput {
            name: self.name.clone(),
            address: self.address.clone(),
            description: self.description.clone(),
            icon: self.icon.clone(),
            colour: self.colour.clone(),
            is_for_all: self.audience == "all",
            departments: self.departments.clone(),
            is_shown: !self.shown.is_empty(),
        }
    }

    /// Returns the search text, without characters that Postgres rejects.
    fn search(&self) -> String {
        let kept = self.q.trim().chars().filter(|c| !c.is_control());
        kept.take(MAX_SEARCH).collect()
    }

    /// Returns whether departments are searched; the Enter key means that if the search text is new.
    fn is_search(&self) -> bool {
        let q = self.search();
        self.act == "find" || (self.act == "enter" && !q.is_empty() && q != self.searched)
    }
}

pub(super) async fn new(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    page(&admin, &ctx, &request, None, AppForm::empty(), &[]).await
}

pub(super) async fn edit(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, AppError> {
    let id: i64 = id.parse().map_err(|_| AppError::NotFound)?;
    let (row, departments) = ctx
        .db
        .read(async |conn| {
            let row = app::find(conn, id).await?;
            Ok::<_, StoreError>((row, app::departments_of(conn, id).await?))
        })
        .await?;
    let form = AppForm::of(row.ok_or(AppError::NotFound)?, departments);
    page(&admin, &ctx, &request, Some(id), form, &[]).await
}

pub(super) async fn create(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    form: CsrfForm<AppForm>,
) -> Result<HttpResponse, AppError> {
    let app = match read(&form.0) {
        Ok(app) => app,
        Err(faults) => return page(&admin, &ctx, &request, None, form.0, &faults).await,
    };
    apps::create(&ctx, &admin.actor(), &app).await?;
    let t = AppTexts::of(Lang::of(request.headers()));
    Ok(saved(
        &session,
        &Toast::ok(interpolate(t.created, &[("name", &app.name)])),
    ))
}

pub(super) async fn update(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    id: web::Path<String>,
    form: CsrfForm<AppForm>,
) -> Result<HttpResponse, AppError> {
    let id: i64 = id.parse().map_err(|_| AppError::NotFound)?;
    let app = match read(&form.0) {
        Ok(app) => app,
        Err(faults) => return page(&admin, &ctx, &request, Some(id), form.0, &faults).await,
    };
    let is_done = apps::update(&ctx, &admin.actor(), id, &app).await?;
    let t = AppTexts::of(Lang::of(request.headers()));
    let toast = if is_done {
        Toast::ok(interpolate(t.updated, &[("name", &app.name)]))
    } else {
        Toast::new(Tone::Warn, t.gone)
    };
    Ok(saved(&session, &toast))
}

/// Parses the app of a form; without any fault if the form requests a search first.
fn read(form: &AppForm) -> Result<App, Vec<FieldError>> {
    if form.is_search() {
        return Err(Vec::new());
    }
    App::parse(&form.input())
}

fn saved(session: &Session, toast: &Toast) -> HttpResponse {
    flash::set(session, toast);
    see_other("/admin/apps")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(act: &str, q: &str, searched: &str) -> AppForm {
        AppForm {
            act: act.to_owned(),
            q: q.to_owned(),
            searched: searched.to_owned(),
            ..AppForm::empty()
        }
    }

    #[test]
    fn the_enter_key_searches_only_for_what_has_not_been_searched_for() {
        assert!(form("find", "", "").is_search());
        assert!(form("enter", "研发", "").is_search());
        assert!(!form("enter", " 研发 ", "研发").is_search());
        assert!(!form("enter", "", "").is_search());
        assert!(!form("save", "研发", "").is_search());
    }
}
