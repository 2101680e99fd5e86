//! The use cases, one file each. They own the transactions and are independent of the HTTP server.

pub mod actor;
pub mod admins;
pub mod alerts;
pub mod apps;
pub mod callback_registration;
pub mod directory_sync;
pub mod employment;
pub mod events;
pub mod exports;
pub mod login;
pub mod queue;
pub mod review;
pub mod secret;
pub mod sessions;
pub mod staff_admin;
pub mod sync_request;
pub mod webhooks;
