//! Pure types of the domain: parsed once, trusted afterwards.

pub mod alert;
pub mod app;
pub mod audit;
pub mod bounds;
pub mod case;
pub mod closed_set;
pub mod colour;
pub mod contact_mask;
pub mod department_tree;
pub mod employment;
pub mod event;
pub mod export;
pub mod ids;
pub mod listed_admins;
pub mod net;
pub mod person;
pub mod queue;
pub mod return_path;
pub mod rights;
pub mod schedule;
pub mod session;
pub mod skip_reason;
pub mod sync;
pub mod sync_problem;
pub mod unionid_claims;
pub mod webhook;
