#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod approval;
mod bounds;
pub mod callback;
pub mod callback_registration;
pub mod callback_self_test;
pub mod client;
pub mod clock;
pub mod contact;
pub mod error;
pub mod event;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod ids;
mod json;
mod lenient;
pub mod login;
pub mod oauth2;
pub mod probe;
pub mod proxy;
pub mod remediation;
mod response;
mod throttle_until;
pub mod token;
mod transport;
mod v1;
mod v1_codes;

pub use client::{App, Client, ClientConfig};
pub use error::ApiError;
pub use event::Event;
pub use ids::{DeptId, ROOT_DEPARTMENT};
