//! Pure types of the gate: parsed once, trusted afterwards.

pub mod app;
pub mod case;
pub mod colour;
pub mod department_tree;
pub mod event;
pub mod ids;
pub mod json;
pub mod net;
pub mod person;
pub mod return_path;
pub mod schedule;
