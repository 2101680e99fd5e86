//! The integration tests: the whole service over HTTP, a private database each, and a DingTalk that
//! refuses what the real one refuses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::async_yields_async,
    reason = "a login that goes on by itself is what some tests want"
)]

mod support;

mod admin_pages;
mod apps;
mod callback_admin;
mod cli;
mod closed_sets;
mod database;
mod doctor;
mod events;
mod exports;
mod in_app_page;
mod login;
mod login_decision;
mod login_limits;
mod looks;
mod oauth2;
mod outages;
mod outlines;
mod overview;
mod pooler;
mod portal;
mod queue;
mod rechecks;
mod retention;
mod review;
mod rights;
mod search;
mod security;
mod sessions;
mod staff_admin;
mod statements;
mod sync;
mod tables;
mod upstream;
mod webhooks;
