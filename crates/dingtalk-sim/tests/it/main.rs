//! The stand-in from outside: what it answers and what it refuses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that meets something unexpected shall fail"
)]

mod support;

mod approval;
mod clock;
mod contact;
mod control;
mod cross_sdk;
mod department;
mod events;
mod faults;
mod jsapi;
mod large;
mod limits;
mod login;
mod oauth2;
mod page;
mod program;
mod registered;
mod sns;
mod state;
mod token;
