//! Texts of the commands and of `dinggate doctor`, which speak English only.

pub mod admin;
pub mod callback;
pub mod doctor;
pub mod migrate;
pub mod sync;
