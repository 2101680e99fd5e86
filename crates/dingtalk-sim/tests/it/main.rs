//! The stand-in from outside: what it answers and what it refuses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that meets something unexpected shall fail"
)]

mod support;

mod contact;
mod control;
mod cross_sdk;
mod department;
mod events;
mod faults;
mod jsapi;
mod limits;
mod login;
mod page;
mod program;
mod sns;
mod state;
mod token;
