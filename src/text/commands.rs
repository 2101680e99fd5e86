//! Texts of the commands and of `dinggate doctor`, which speak English only.

pub mod admin;
pub mod callback;
pub mod database;
pub mod records;
pub mod sync;
