//! The HTTP server, on its own thread.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, mpsc},
    thread,
};

use actix_web::{
    App, Error, HttpServer,
    dev::{ServerHandle, Service, ServiceRequest, ServiceResponse},
    http::header,
    rt::System,
    web,
};
use anyhow::Context as _;
use chrono::DateTime;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    cloud, console, delivery,
    shared::{Job, Shared},
};

/// A running server.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
    pub(crate) thread: thread::JoinHandle<()>,
}

/// Listens, and serves until the handle stops it.
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
            .wrap_fn(dated)
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

/// Sets the `Date` of a response from the simulator's own clock.
fn dated<S, B>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    let now = request
        .app_data::<web::Data<Shared>>()
        .map(|shared| shared.now_ms());
    let answer = service.call(request);
    async move {
        let mut answer = answer.await?;
        let date = now.and_then(http_date);
        if let Some(date) = date {
            answer.headers_mut().insert(header::DATE, date);
        }
        Ok(answer)
    }
}

/// Formats Unix milliseconds as a header value.
fn http_date(ms: i64) -> Option<header::HeaderValue> {
    let time = DateTime::from_timestamp_millis(ms)?;
    let text = time.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    header::HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_http_has_it() {
        assert_eq!(
            http_date(784_111_777_000).unwrap(),
            "Sun, 06 Nov 1994 08:49:37 GMT"
        );
    }
}
