//! A line to Postgres that a test can cut, or choke.

use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// In what shape the line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Whole,
    /// Connections break, new ones are refused at once.
    Cut,
    /// Connections stay and take what is sent, but nothing comes back.
    Choked,
}

/// A forwarded port, in a thread of its own so that a test that blocks does not stop it.
pub struct Cable {
    pub port: u16,
    line: watch::Sender<Line>,
    end: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Cable {
    /// Forwards a free port of this machine to `host:port`.
    pub fn lay(host: &str, port: u16) -> Self {
        let (line, state) = watch::channel(Line::Whole);
        let (end, ended) = watch::channel(());
        let (told, bound) = mpsc::channel();
        let target = format!("{host}:{port}");
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(serve(target, state, ended, told));
        });
        Self {
            port: bound.recv().unwrap(),
            line,
            end: Some(end),
            thread: Some(thread),
        }
    }

    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

async fn serve(
    target: String,
    line: watch::Receiver<Line>,
    mut ended: watch::Receiver<()>,
    told: mpsc::Sender<u16>,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    told.send(listener.local_addr().unwrap().port()).unwrap();
    loop {
        tokio::select! {
            // Fails once the cable is dropped.
            _ = ended.changed() => return,
            accepted = listener.accept() => {
                tokio::spawn(forward(accepted.unwrap().0, target.clone(), line.clone()));
            }
        }
    }
}

async fn forward(mut near: TcpStream, target: String, mut line: watch::Receiver<Line>) {
    if *line.borrow() == Line::Cut {
        return;
    }
    let Ok(mut far) = TcpStream::connect(target).await else {
        return;
    };
    loop {
        let _ = line.wait_for(|line| *line != Line::Choked).await;
        if *line.borrow_and_update() == Line::Cut {
            return;
        }
        tokio::select! {
            _ = copy_bidirectional(&mut near, &mut far) => return,
            _ = line.changed() => {}
        }
    }
}
