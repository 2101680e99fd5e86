//! What each fuzz target checks. The test suite runs the same checks on the committed inputs.

pub mod callback_body;
pub mod decrypted_events;
pub mod failed_list;
mod known_client;
pub mod responses;
pub mod return_path;
pub mod settings;
