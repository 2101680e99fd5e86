//! Extractors: what handlers take from a request.

pub mod client_address;
mod client_info;
pub mod lang;
