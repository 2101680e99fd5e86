//! Client for DingTalk's HTTP APIs: requests, responses and typed errors, plus the crypto of its event callback.

pub mod approval;
pub mod callback;
pub mod callback_registration;
pub mod callback_self_test;
pub mod client;
pub mod clock;
pub mod contact;
pub mod error;
pub mod lenient;
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

pub use client::Client;
pub use error::ApiError;
