//! The administration pages.

mod actor_view;
mod alerts;
mod apps;
mod attempt_view;
mod audit;
mod bulk_ask;
mod button;
mod departments;
mod events;
mod exports;
mod form_errors;
mod links;
mod list_page;
mod list_query;
mod overview;
mod queue;
mod review_jobs;
mod search;
mod sessions;
mod staff;
mod syncs;
mod unmatched;
mod webhooks;

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};

use super::error::AppError;
use super::extract::Viewer;
use super::view::Pager;
use crate::domain::return_path::ReturnPath;

/// Registers all routes below `/admin`.
pub fn configure(cfg: &mut web::ServiceConfig) {
    let pages = web::scope("/admin")
        .configure(overview::configure)
        .configure(search::configure)
        .configure(unmatched::configure)
        .configure(staff::configure)
        .configure(review_jobs::configure)
        .configure(departments::configure)
        .configure(events::configure)
        .configure(syncs::configure)
        .configure(webhooks::configure)
        .configure(queue::configure)
        .configure(sessions::configure)
        .configure(apps::configure)
        .configure(audit::configure)
        .configure(alerts::configure)
        .default_service(web::to(nothing_here));
    cfg.service(pages);
}

/// Returns 404 for everybody with a role; others get 303 or 403 first.
async fn nothing_here(_viewer: Viewer, _request: HttpRequest) -> Result<HttpResponse, AppError> {
    Err(AppError::NotFound)
}

fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, path))
        .finish()
}

/// Redirects to the last page of a list when a page beyond it was requested: the rows of that page may just have
/// been processed. The toast is kept as long as no layout was built before.
fn last_page(request: &HttpRequest, pager: &Pager) -> Option<HttpResponse> {
    let query = pager.redirect_to_last()?;
    let page = format!("{}{query}", request.path());
    Some(see_other(page.trim_end_matches('?')))
}

/// A form that does nothing but redirect back to the view it was shown on.
#[derive(Debug, serde::Deserialize)]
struct BackForm {
    #[serde(default)]
    back: Option<String>,
}

impl BackForm {
    /// Redirects back to the view, or to this page if the form does not name one.
    fn see_other(&self, page: &str) -> HttpResponse {
        see_other(&self.path_or(page))
    }

    /// Returns the path of the view, or of this page if the form names no view of this site.
    fn path_or(&self, page: &str) -> String {
        let view = self.back.as_deref().and_then(ReturnPath::try_parse);
        view.map_or_else(|| page.to_owned(), |view| view.as_str().to_owned())
    }
}
