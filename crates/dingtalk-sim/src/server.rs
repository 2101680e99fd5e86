//! The HTTP side, on a thread of its own.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, mpsc},
    thread,
};

use actix_web::{App, HttpServer, dev::ServerHandle, rt::System, web};
use anyhow::Context as _;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    cloud, console, delivery,
    shared::{Job, Shared},
};

/// A server under way.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
    pub(crate) thread: thread::JoinHandle<()>,
}

/// Listens, and serves until the handle says stop.
pub(crate) fn start(shared: Arc<Shared>, jobs: UnboundedReceiver<Job>) -> anyhow::Result<Running> {
    let listen = shared.config.listen;
    let listener =
        TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let (tell, started) = mpsc::channel();
    let thread = thread::Builder::new()
        .name("dingtalk-sim".into())
        .spawn(move || {
            System::new().block_on(serve(shared, jobs, listener, tell));
        })?;
    let handle = started.recv().context("the server thread ended")??;
    Ok(Running {
        address,
        handle,
        thread,
    })
}

async fn serve(
    shared: Arc<Shared>,
    jobs: UnboundedReceiver<Job>,
    listener: TcpListener,
    tell: mpsc::Sender<anyhow::Result<ServerHandle>>,
) {
    let data = web::Data::from(Arc::clone(&shared));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .configure(console::routes)
            .configure(cloud::routes)
    })
    .workers(1)
    .disable_signals()
    .listen(listener);
    match server {
        Ok(server) => {
            let server = server.run();
            let _ = tell.send(Ok(server.handle()));
            let deliveries = actix_web::rt::spawn(delivery::run(shared, jobs));
            if let Err(error) = server.await {
                tracing::error!(%error, "the server ended");
            }
            deliveries.abort();
        }
        Err(error) => {
            let _ = tell.send(Err(error.into()));
        }
    }
}
