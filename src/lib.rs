//! Dinggate lets into a company's web apps exactly the people who work there now.
//!
//! The modules, from the inside out:
//!
//! - [`domain`]: pure types, parsed once at the edge; depends on no other module.
//! - [`dingtalk`]: the only client of DingTalk's HTTP APIs, the callback's crypto, typed errors.
//! - [`store`]: every SQL statement; free functions on a connection.
//! - [`context`]: what every use case receives: settings, database, clock, calls to DingTalk.
//! - [`service`]: one file per use case; owns the transactions; independent of the HTTP server.
//! - [`jobs`]: the worker loops.
//! - [`text`]: the texts for people, in both languages; nothing below stores or builds one.
//! - [`doctor`]: the checks of `dinggate doctor`, and what each says.
//! - [`http`]: routes, pages, endpoints, the session cookie.
//! - [`cli`]: one file per subcommand.
//! - [`app`]: assembles the parts, binds, starts the workers, stops them.

pub mod app;
pub mod cli;
pub mod config;
pub mod context;
pub mod dingtalk;
pub mod doctor;
pub mod domain;
pub mod http;
pub mod jobs;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod text;
