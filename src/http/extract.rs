//! Extractors: permission is a parameter type, so that no handler can forget the check.

mod role;

pub use role::{Admin, Auditor, Reviewer, RoleHolder, Viewer};
