//! Extractors: what handlers take from a request. Permission is a parameter type, so that no handler can forget the
//! check.

pub mod client_address;
mod client_info;
mod role;

pub use role::{Admin, Auditor, Reviewer, RoleHolder, Viewer};
