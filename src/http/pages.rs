//! The pages that employees see; each function renders a response from its view.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

pub mod error_page;
pub mod in_app;
pub mod login;
pub mod portal;
pub mod waiting;

pub use error_page::{ErrorView, render_error, whole_seconds};
pub use in_app::{InAppView, in_app, in_app_refusal};
pub use login::{LoginView, login, qr_frame_src};
pub use portal::{PortalApp, PortalDepartment, PortalSession, PortalView, portal};
pub use waiting::{WaitingView, waiting};

#[cfg(test)]
pub(crate) mod samples;

fn ok(page: &impl askama::Template) -> HttpResponse {
    super::layout::html(StatusCode::OK, page)
}
