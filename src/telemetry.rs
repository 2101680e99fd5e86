//! The log: structured lines on stderr, which leaves stdout to the results of commands.

use std::io::{self, IsTerminal};

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogConfig, LogFormat};

/// Starts logging for the whole process; fails if it was already started.
pub fn init(config: &LogConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.filter).context("the log filter does not parse")?;
    let registry = tracing_subscriber::registry().with(filter);
    match config.format {
        LogFormat::Pretty => {
            let mut lines = fmt::layer().with_writer(io::stderr);
            if !io::stderr().is_terminal() {
                lines.set_ansi(false);
            }
            registry.with(lines).try_init()
        }
        LogFormat::Json => {
            let lines = fmt::layer()
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .with_writer(io::stderr);
            registry.with(lines).try_init()
        }
    }
    .context("logging has been started before")
}
