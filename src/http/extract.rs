//! Extractors: what handlers take from a request. Permission is a parameter type, so that no handler can forget the
//! check.

mod client_info;
pub mod current_user;
mod form;
mod role;

pub use current_user::CurrentUser;
pub use form::CsrfForm;
pub use role::{Admin, Auditor, Reviewer, RoleHolder, Viewer};
