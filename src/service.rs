//! The use-cases, one file each. They own the transactions and know nothing of HTTP servers.

pub mod admins;
pub mod apps;
pub mod directory_sync;
pub mod doctor;
pub mod employment;
pub mod events;
pub mod login;
pub mod remedy;
pub mod review;
pub mod schedule;
pub mod sessions;
pub mod staff_admin;
pub mod subscription;
pub mod upkeep;
pub mod upstream;
pub mod webhooks;
