//! What the documentation promises: its settings are the program's, both languages say the same, and its links lead
//! somewhere.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod languages;
mod links;
mod pages;
mod sections;
mod settings;
