//! `dinggate serve`: the service itself.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

use crate::app::Application;
use crate::config::Config;

/// Serves until SIGINT or SIGTERM, then finishes work in flight.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    Application::build(config)?.run_until(stop).await
}

/// Completes at the first SIGINT or SIGTERM from now on.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => tracing::info!("stopping on SIGINT"),
            _ = terminate.recv() => tracing::info!("stopping on SIGTERM"),
        }
    })
}
