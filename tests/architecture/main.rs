//! What the shape of the tree promises: who imports whom, how modules are called, that the
//! documents name what exists, and that no template is forgotten.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod cycles;
mod documents;
mod imports;
mod layers;
mod length;
mod migrations;
mod modules;
mod templates;
mod texts;
mod tree;
mod upstream;
mod vocabulary;
