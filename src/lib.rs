//! Dinggate lets into a company's web apps exactly the people who work there now.
//!
//! The layers, from the inside out; docs/architecture.md has the modules of each:
//!
//! - [`domain`]: pure types, parsed once at the edge; depends on no other module.
//! - [`config`]: reads and checks the settings.
//! - [`telemetry`]: starts logging.
//! - [`store`]: every SQL statement; free functions on a connection.
//! - [`upstream`]: the only access to DingTalk: rate limit, access token, retries.
//! - [`context`]: what every use case receives: settings, database, clock, calls to DingTalk.
//! - [`service`]: one file per use case; owns the transactions; independent of the HTTP server.
//! - [`jobs`]: the worker loops.
//! - [`text`]: the texts for people, in both languages; nothing below stores or builds one.
//! - [`doctor`]: the checks of `dinggate doctor`, and what each says.
//! - [`http`]: routes, pages, endpoints, the session cookie.
//! - [`cli`]: one file per subcommand.
//! - [`app`]: assembles the parts, binds, starts the workers, stops them.

// Only `cli` is used from outside. Everything is public to the tests and benchmarks alone, so that the compiler finds
// unused items otherwise.
#[cfg(not(feature = "testing"))]
mod app;
pub mod cli;
#[cfg(not(feature = "testing"))]
mod config;
#[cfg(not(feature = "testing"))]
mod context;
#[cfg(not(feature = "testing"))]
mod doctor;
#[cfg(not(feature = "testing"))]
mod domain;
#[cfg(not(feature = "testing"))]
mod http;
#[cfg(not(feature = "testing"))]
mod jobs;
#[cfg(not(feature = "testing"))]
mod service;
#[cfg(not(feature = "testing"))]
mod store;
#[cfg(not(feature = "testing"))]
mod telemetry;
#[cfg(not(feature = "testing"))]
mod text;
#[cfg(not(feature = "testing"))]
mod upstream;

// cargo-mutants reads both declarations of a module and would try each mutant twice.
#[cfg(feature = "testing")]
#[cfg_attr(false, mutants::skip)]
pub mod app;
#[cfg(feature = "testing")]
#[cfg_attr(false, mutants::skip)]
pub mod config;
#[cfg(feature = "testing")]
#[cfg_attr(false, mutants::skip)]
pub mod context;
#[cfg(feature = "testing")]
#[cfg_attr(false, mutants::skip)]
pub mod doctor;
#[cfg(feature = "testing")]
#[cfg_attr(false, mutants::skip)]
pub mod domain;
#[cfg(feature = "testing")]
#[cfg_attr(false, mutants::skip)]
pub mod http;
#[cfg(feature = "testing")]
#[cfg_attr(false, mutants::skip)]
pub mod jobs;
#[cfg(feature = "testing")]
#[cfg_attr(false, mutants::skip)]
pub mod service;
#[cfg(feature = "testing")]
#[cfg_attr(false, mutants::skip)]
pub mod store;
#[cfg(feature = "testing")]
#[cfg_attr(false, mutants::skip)]
pub mod telemetry;
#[cfg(feature = "testing")]
#[cfg_attr(false, mutants::skip)]
pub mod text;
#[cfg(feature = "testing")]
#[cfg_attr(false, mutants::skip)]
pub mod upstream;
