//! The generator: one pinned thread, keep-alive connections, requests made beforehand.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What came of a load.
pub struct Load {
    pub took: Duration,
    /// In ascending order.
    pub latencies: Vec<Duration>,
    /// How often a request was answered 503, and sent again.
    pub refused: usize,
}

impl Load {
    pub fn p99(&self) -> Duration {
        self.latencies[self.latencies.len() * 99 / 100]
    }
}

/// What the connections share.
struct Plan {
    port: u16,
    requests: Vec<Arc<[u8]>>,
    next: AtomicUsize,
    refused: AtomicUsize,
    begun: Instant,
    time: Duration,
    /// Between two events; zero where each connection sends as fast as it is answered.
    interval: Duration,
}

/// How to send requests.
#[derive(Clone, Copy)]
pub struct Pattern {
    pub connections: usize,
    pub time: Duration,
    /// As fast as they are answered if `None`.
    pub per_second: Option<f64>,
}

/// Sends each of these requests once, in turn, until they or the time are used up.
pub async fn run(port: u16, requests: Vec<Arc<[u8]>>, pattern: Pattern) -> Load {
    let send = move || {
        let plan = Arc::new(Plan {
            port,
            requests,
            next: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            begun: Instant::now(),
            time: pattern.time,
            interval: pattern
                .per_second
                .map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate)),
        });
        send_all(plan, pattern.connections)
    };
    on_pinned_thread(send).await
}

/// Runs the work of a generator on a thread of its own, which is pinned.
pub async fn on_pinned_thread<T: Send + 'static, F: Future<Output = T> + 'static>(
    work: impl FnOnce() -> F + Send + 'static,
) -> T {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        pin();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let _given_up = sender.send(runtime.block_on(work()));
    });
    receiver.await.unwrap()
}

/// Binds this thread to the last core.
fn pin() {
    let cores = std::thread::available_parallelism().unwrap().get();
    let thread = std::fs::read_link("/proc/thread-self").unwrap();
    let id = thread.file_name().unwrap();
    let pinned = Command::new("taskset")
        .args(["-p", "-c", &(cores - 1).to_string()])
        .arg(id)
        .output()
        .unwrap();
    assert!(pinned.status.success(), "{pinned:?}");
}

async fn send_all(plan: Arc<Plan>, count: usize) -> Load {
    let mut connections = JoinSet::new();
    for _ in 0..count {
        connections.spawn(send_on_one(Arc::clone(&plan)));
    }
    let mut latencies = connections.join_all().await.concat();
    let took = plan.begun.elapsed();
    latencies.sort_unstable();
    Load {
        took,
        latencies,
        refused: plan.refused.load(Ordering::Relaxed),
    }
}

async fn send_on_one(plan: Arc<Plan>) -> Vec<Duration> {
    let mut stream = TcpStream::connect(("127.0.0.1", plan.port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut latencies, mut answer) = (Vec::new(), Vec::new());
    loop {
        let index = plan.next.fetch_add(1, Ordering::Relaxed);
        let due = plan.begun + plan.interval * u32::try_from(index).unwrap();
        let Some(request) = plan
            .requests
            .get(index)
            .filter(|_| due < plan.begun + plan.time)
        else {
            return latencies;
        };
        let now = Instant::now();
        if now >= plan.begun + plan.time {
            return latencies;
        }
        // A request that comes late because all connections were busy has waited since it was due.
        let mut since = if plan.interval.is_zero() { now } else { due };
        if due > now {
            tokio::time::sleep_until(due.into()).await;
            // The timer has the resolution of a millisecond.
            since = Instant::now();
        }
        loop {
            stream.write_all(request).await.unwrap();
            if read_answer(&mut stream, &mut answer).await {
                break;
            }
            plan.refused.fetch_add(1, Ordering::Relaxed);
        }
        latencies.push(since.elapsed());
    }
}

/// Reads one answer; returns whether it is 200 and not 503.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> bool {
    answer.clear();
    let mut parsed = None;
    loop {
        let read = stream.read_buf(answer).await.unwrap();
        assert!(
            read > 0,
            "closed after {:?}",
            String::from_utf8_lossy(answer)
        );
        parsed = parsed.or_else(|| parse_head(answer));
        if let Some((is_answered, whole)) = parsed
            && answer.len() == whole
        {
            return is_answered;
        }
    }
}

/// Returns whether the answer is 200 and not 503, and its whole length, once its head is complete.
fn parse_head(answer: &[u8]) -> Option<(bool, usize)> {
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&answer[..head])
        .unwrap()
        .to_ascii_lowercase();
    let is_answered = text.starts_with("http/1.1 200");
    assert!(is_answered || text.starts_with("http/1.1 503"), "{text}");
    let (_, length) = text.split_once("content-length: ").unwrap();
    let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
    Some((is_answered, head + 4 + length))
}
