//! More client connections than the program may have.

use std::time::Duration;

use sqlx::PgPool;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{Process, SOON, Scene, now_millis};
use crate::support::eventually;

async fn connect(process: &Process) -> TcpStream {
    let address = process.url.trim_start_matches("http://");
    TcpStream::connect(address).await.unwrap()
}

/// Opens connections and sends the same bytes on each.
async fn open(process: &Process, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for _ in 0..count {
        let mut connection = connect(process).await;
        // It may have made room for a later one already.
        let _ = connection.write_all(bytes).await;
        open.push(connection);
    }
    open
}

fn half_push() -> String {
    let now = now_millis();
    format!(
        "POST /dingtalk/events?signature=a&timestamp={now}&nonce=n HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{{"
    )
}

#[sqlx::test]
async fn silent_connections_keep_nobody_out(pool: PgPool) {
    let mut scene = Scene::new(&pool).await;
    scene
        .settings
        .insert("DINGGATE_MAX_CONNECTIONS".to_owned(), "40".to_owned());
    let process = scene.serve().await;
    for bytes in ["", "GET / HTTP/1.1\r\nho"] {
        let silent = open(&process, 300, bytes.as_bytes()).await;
        assert!(process.answers("/healthz", 200).await);
        eventually("pages open", Duration::from_secs(2), async || {
            process.answers("/login", 200).await
        })
        .await;
        drop(silent);
    }
    assert!(process.log().contains("connection limit reached"));
}

#[sqlx::test]
async fn where_all_connections_are_busy_only_the_health_endpoints_answer(pool: PgPool) {
    let mut scene = Scene::new(&pool).await;
    scene
        .settings
        .insert("DINGGATE_MAX_CONNECTIONS".to_owned(), "40".to_owned());
    let process = scene.serve().await;
    let busy = open(&process, 40, half_push().as_bytes()).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    // Silent ones beyond the cap as well.
    let silent = open(&process, 100, b"").await;
    assert!(process.answers("/healthz", 200).await);
    assert!(process.answers("/readyz", 200).await);
    assert!(process.answers("/login", 503).await);
    drop((busy, silent));
    eventually("pages open again", SOON, async || {
        process.answers("/login", 200).await
    })
    .await;
}

#[sqlx::test]
async fn few_descriptors_lower_the_cap_and_are_never_used_up(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    let process = Process::start_with_open_files(&scene.settings, 400);
    process.wait_until_ready().await;
    let silent = open(&process, 600, b"").await;
    for _ in 0..5 {
        assert!(process.answers("/healthz", 200).await);
        eventually("pages open", Duration::from_secs(2), async || {
            process.answers("/login", 200).await
        })
        .await;
    }
    drop(silent);
    // All of them at once: it could accept none of them as they came.
    process.pause();
    let silent = open(&process, 500, b"").await;
    let answers = async { process.answers("/healthz", 200).await };
    let resume = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        process.resume();
    };
    let (is_answered, ()) = tokio::join!(answers, resume);
    assert!(is_answered, "{}", process.log());
    drop(silent);
    let log = process.log();
    assert!(log.contains("connection limit lowered"), "{log}");
    assert!(log.contains("\"allowed\":36"), "{log}");
    assert!(!log.contains("Too many open files"), "{log}");
}
