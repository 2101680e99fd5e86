//! All SQL: free functions on a connection, one file per group of tables. The services own the transactions. Times
//! are Postgres's, because all instances share its clock.

pub mod access;
pub mod admin_grant;
pub mod alert;
pub mod app;
pub mod audit;
pub mod audit_list;
pub mod circuit;
pub mod db;
pub mod department;
pub mod department_tree;
pub mod diagnosis;
pub mod directory;
pub mod due;
pub mod employment;
pub mod event;
pub mod event_list;
pub mod event_parked;
pub mod failed_callbacks;
pub mod lease;
pub mod login_state;
pub mod migrations;
pub mod overview;
pub mod portal;
pub mod rate_limiter;
pub mod recheck;
mod record;
pub mod review_job;
pub mod schedule;
pub mod session_list;
pub mod sort;
pub mod staff;
pub mod staff_change;
pub mod staff_list;
pub mod sync_list;
pub mod sync_names;
pub mod sync_run;
pub mod sync_staging;
pub mod token;
pub mod unionid_conflict;
pub mod unmatched;
pub mod untrusted_forwarder;
pub mod web_session;
pub mod webhook;
pub mod webhook_list;

pub use db::{Conn, Db, Pooler, StoreError, UnknownValue};
