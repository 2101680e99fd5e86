//! DingTalk's HTTP interfaces: requests, answers, typed errors; and the crypto of its callback.

pub mod callback;
pub mod client;
pub mod contact;
pub mod error;
pub mod lenient;
pub mod login;
mod newer;
pub mod oauth2;
pub mod token;

pub use client::Client;
pub use error::ApiError;
