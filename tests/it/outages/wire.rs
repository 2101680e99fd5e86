//! The wire to Postgres, which a test can break in the ways in which networks break.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

/// What happens to connections, old and new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    Fair,
    /// Nobody listens any more, and what was open breaks: a server that was shut down.
    Refused,
    /// Connections are taken and broken at once: a proxy without a server behind it.
    Cut,
    /// Bytes are taken and vanish, and no connection that has met this ever speaks again: a server that
    /// was switched off, or a firewall that has forgotten its connections.
    Swallowed,
    /// New connections are as ever, but those that are open stay silent for good: another server has
    /// taken over the address.
    OldOnesLost,
    /// The answer to each BEGIN comes late, longer than a push waits for Postgres and shorter than that wait with
    /// the check of a connection that goes back to the pool.
    SlowBegins,
}

/// How late the answer to a BEGIN comes in [`Weather::SlowBegins`].
const SLOW_BEGIN: Duration = Duration::from_millis(850);

/// A forwarded port, in a thread of its own.
pub struct Wire {
    pub port: u16,
    weather: watch::Sender<Weather>,
    end: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Wire {
    /// Forwards a free port of this machine to `host:port`.
    pub fn lay(host: &str, port: u16) -> Self {
        let (weather, forecast) = watch::channel(Weather::Fair);
        let (end, ended) = watch::channel(());
        let (told, bound) = mpsc::channel();
        let target = format!("{host}:{port}");
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(run(target, forecast, ended, told));
        });
        Self {
            port: bound.recv().unwrap(),
            weather,
            end: Some(end),
            thread: Some(thread),
        }
    }

    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
        // The thread has it at once; the listener may take a moment to go or come.
        std::thread::sleep(Duration::from_millis(30));
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn listen(port: u16) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(([127, 0, 0, 1], port).into()).unwrap();
    socket.listen(128).unwrap()
}

async fn run(
    target: String,
    mut weather: watch::Receiver<Weather>,
    mut ended: watch::Receiver<()>,
    told: mpsc::Sender<u16>,
) {
    let mut listener = Some(listen(0));
    let port = listener.as_ref().unwrap().local_addr().unwrap().port();
    told.send(port).unwrap();
    loop {
        let is_open = *weather.borrow_and_update() != Weather::Refused;
        listener = is_open.then(|| listener.take().unwrap_or_else(|| listen(port)));
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await.unwrap().0,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // Fails once the wire is dropped.
            _ = ended.changed() => return,
            _ = weather.changed() => {}
            near = accepted => {
                tokio::spawn(forward(near, target.clone(), weather.clone()));
            }
        }
    }
}

/// What becomes of one connection.
async fn forward(near: TcpStream, target: String, mut weather: watch::Receiver<Weather>) {
    let now = *weather.borrow_and_update();
    match now {
        Weather::Cut | Weather::Refused => return,
        Weather::Swallowed => return Box::pin(swallow(near, weather)).await,
        Weather::Fair | Weather::OldOnesLost | Weather::SlowBegins => {}
    }
    let Ok(mut far) = TcpStream::connect(target).await else {
        return;
    };
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.split();
    let (seen, has_begun) = (weather.clone(), AtomicBool::new(false));
    let there = copy(&mut near_in, &mut far_out, |bytes| {
        if bytes.windows(6).any(|word| word == b"BEGIN\0") && *seen.borrow() == Weather::SlowBegins
        {
            has_begun.store(true, Ordering::Relaxed);
        }
        Duration::ZERO
    });
    let back = copy(&mut far_in, &mut near_out, |_| {
        if has_begun.swap(false, Ordering::Relaxed) {
            return SLOW_BEGIN;
        }
        Duration::ZERO
    });
    let worse = tokio::select! {
        () = there => return,
        () = back => return,
        worse = async {
            loop {
                weather.changed().await.ok()?;
                let now = *weather.borrow_and_update();
                if !matches!(now, Weather::Fair | Weather::SlowBegins) {
                    return Some(now);
                }
            }
        } => worse,
    };
    if matches!(worse, Some(Weather::Swallowed | Weather::OldOnesLost)) {
        // The server's side stays open as well: it does not learn of it either.
        Box::pin(swallow(near_in.reunite(near_out).unwrap(), weather)).await;
    }
}

async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    delay: impl Fn(&[u8]) -> Duration,
) {
    let mut bytes = [0; 16384];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        tokio::time::sleep(delay(&bytes[..read])).await;
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

/// Takes what comes and says nothing, until the other side hangs up or the line is cut.
async fn swallow(mut near: TcpStream, mut weather: watch::Receiver<Weather>) {
    let mut bytes = [0; 16384];
    loop {
        tokio::select! {
            read = near.read(&mut bytes) => if !matches!(read, Ok(1..)) { return },
            changed = weather.changed() => {
                if changed.is_err() || matches!(*weather.borrow_and_update(), Weather::Cut | Weather::Refused) {
                    return;
                }
            }
        }
    }
}
