//! Dinggate lets into a company's web apps exactly the people who work there now.
//!
//! The map of this tree, from the inside out:
//!
//! - [`domain`]: pure types, parsed once at the edge; knows nothing else of ours.
//! - [`dingtalk`]: the one client of DingTalk's HTTP interfaces, the callback's crypto, typed errors.
//! - [`store`]: every SQL statement; free functions on a connection.
//! - [`context`]: what every use-case is handed: settings, database, clock, the calls to DingTalk.
//! - [`service`]: one file per use-case; owns the transactions; knows nothing of HTTP servers.
//! - [`jobs`]: the workers' loops.
//! - [`http`]: routes, pages, endpoints, the session cookie.
//! - [`cli`]: one file per subcommand.
//! - [`app`]: assembles it all, binds, starts the workers, stops them.

pub mod app;
pub mod cli;
pub mod config;
pub mod context;
pub mod dingtalk;
pub mod domain;
pub mod http;
pub mod jobs;
pub mod service;
pub mod store;
pub mod telemetry;
