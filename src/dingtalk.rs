//! DingTalk's HTTP interfaces: requests, answers, typed errors; and the crypto of its callback.

mod answer;
pub mod approval;
pub mod callback;
pub mod client;
pub mod clock;
pub mod contact;
pub mod error;
pub mod lenient;
pub mod login;
mod newer;
pub mod oauth2;
mod penalty;
pub mod proxy;
pub mod rehearsal;
pub mod subscription;
pub mod token;
pub mod trial;

pub use client::Client;
pub use error::ApiError;
