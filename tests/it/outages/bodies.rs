//! Bodies that are sent slowly, or not at all, by people who are not signed in.

use std::time::{Duration, Instant};

use dingtalk_sim::company;
use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Process, SOON, Scene, event, now_millis, push};
use crate::support::eventually;

/// A body that is not finished by then is given up, and the connection closed.
const GIVEN_UP: Duration = Duration::from_secs(6);

async fn connect(process: &Process) -> TcpStream {
    let address = process.url.trim_start_matches("http://");
    TcpStream::connect(address).await.unwrap()
}

/// Sends the head of a POST and the beginning of its body.
async fn begin(process: &Process, head: &str, body: &[u8]) -> TcpStream {
    let mut connection = connect(process).await;
    let head = format!("POST {head}\r\nhost: x\r\n\r\n");
    // Where it is refused at once, writing may fail.
    let _ = connection.write_all(head.as_bytes()).await;
    let _ = connection.write_all(body).await;
    connection
}

/// Reads until the other side closes; returns the status, 0 where there is no answer.
async fn status(mut connection: TcpStream, within: Duration) -> u16 {
    let mut answer = Vec::new();
    let read = connection.read_to_end(&mut answer);
    // A reset after the answer is as good as an end.
    let _ended = tokio::time::timeout(within, read)
        .await
        .expect("the connection ends in time");
    let text = String::from_utf8_lossy(&answer);
    let status = text.split(' ').nth(1).and_then(|word| word.parse().ok());
    status.unwrap_or(0)
}

fn push_head(length: usize) -> String {
    let now = now_millis();
    format!(
        "/dingtalk/events?msg_signature=a&timestamp={now}&nonce=n HTTP/1.1\r\ncontent-length: {length}"
    )
}

/// The memory that a program has in use, in MiB.
fn resident(process: &Process) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<usize>().unwrap() / 1024
}

#[sqlx::test]
async fn what_can_be_refused_without_the_body_is_refused_without_it(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    let process = scene.serve().await;
    let json = "HTTP/1.1\r\ncontent-length: 999\r\ncontent-type: application/json";
    let (old, now) = (now_millis() - 7_200_000, now_millis());
    for (head, wanted) in [
        (
            "/dingtalk/events HTTP/1.1\r\ncontent-length: 999".to_owned(),
            400,
        ),
        (
            format!(
                "/dingtalk/events?signature=a&timestamp={old}&nonce=n HTTP/1.1\r\ncontent-length: 999"
            ),
            403,
        ),
        (
            format!(
                "/dingtalk/events?signature=a&timestamp={now}&nonce=n HTTP/1.1\r\ncontent-length: 1048577"
            ),
            413,
        ),
        (
            "/login/in-app HTTP/1.1\r\ncontent-length: 999\r\ncontent-type: text/plain".to_owned(),
            415,
        ),
        (
            format!("/login/in-app {json}\r\norigin: https://evil.example"),
            403,
        ),
        (
            format!("/login/in-app {json}\r\nsec-fetch-site: cross-site"),
            403,
        ),
        (
            "/login/in-app HTTP/1.1\r\ncontent-length: 4097\r\ncontent-type: application/json"
                .to_owned(),
            413,
        ),
        ("/logout HTTP/1.1\r\ncontent-length: 999".to_owned(), 303),
        (
            "/admin/staff-bulk HTTP/1.1\r\ncontent-length: 999".to_owned(),
            303,
        ),
    ] {
        let connection = begin(&process, &head, b"{").await;
        // actix reads on for a second, so that the client sees the answer.
        assert_eq!(
            status(connection, Duration::from_secs(3)).await,
            wanted,
            "{head}"
        );
    }
    let mut connection = connect(&process).await;
    let get = b"GET /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx";
    connection.write_all(get).await.unwrap();
    assert_eq!(status(connection, Duration::from_secs(3)).await, 400);
}

#[sqlx::test]
async fn a_body_that_is_not_finished_in_time_is_given_up(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    let process = scene.serve().await;
    let heads = [
        push_head(99),
        "/login/in-app HTTP/1.1\r\ncontent-type: application/json\r\ntransfer-encoding: chunked"
            .to_owned(),
    ];
    let slow = heads.map(|head| {
        let process = &process;
        async move { status(begin(process, &head, b"1\r\n{\r\n").await, GIVEN_UP).await }
    });
    assert_eq!(futures_util::future::join_all(slow).await, [408, 408]);
}

#[sqlx::test]
async fn three_hundred_slow_bodies_take_little_memory_and_keep_nobody_out(pool: PgPool) {
    const MIB: usize = 1024 * 1024;
    let scene = Scene::new(&pool).await;
    let process = scene.serve().await;
    let before = resident(&process);
    let part = vec![b' '; MIB - 1];
    let slow = (0..300).map(|_| begin_bounded(&process, &part));
    let slow = futures_util::future::join_all(slow).await;
    let grown = resident(&process).saturating_sub(before);
    assert!(grown < 150, "{grown} MiB more");
    let callback = scene
        .sim
        .encrypt_event(&event("meanwhile", "user_add_org", company::EMPLOYEE));
    // Kept out, it would wait until the others are given up.
    eventually("an event is stored", Duration::from_secs(3), async || {
        let answer = push(&process.url, &callback).await;
        answer.is_some_and(|answer| answer.status == 200)
    })
    .await;
    // Three hundred MiB take their time on a busy machine; that they end is the point.
    let all = slow
        .into_iter()
        .map(|connection| status(connection, Duration::from_mins(1)));
    futures_util::future::join_all(all).await;
    assert!(process.answers("/readyz", 200).await);
}

/// Like [`begin`]; a server that reads no further is not waited for.
async fn begin_bounded(process: &Process, part: &[u8]) -> TcpStream {
    let mut connection = connect(process).await;
    let head = format!("POST {}\r\nhost: x\r\n\r\n", push_head(part.len() + 1));
    let _ = connection.write_all(head.as_bytes()).await;
    let all = connection.write_all(part);
    let _ = tokio::time::timeout(Duration::from_secs(1), all).await;
    connection
}

#[sqlx::test]
async fn a_request_whose_client_has_gone_stops_working(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    scene.employ(&scene.people(1)).await;
    let process = scene.serve().await;
    let browser = scene.signed_in(&process, &scene.people(1)[0]).await;
    let cookie = format!("dinggate={}", browser.cookies["dinggate"]);
    let mut lock = scene.pool.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE web_session")
        .execute(&mut *lock)
        .await
        .unwrap();
    // More than there are connections to Postgres: all of them wait for the lock.
    let mut waiting = Vec::new();
    for _ in 0..30 {
        let mut connection = connect(&process).await;
        let get = format!("GET / HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n");
        connection.write_all(get.as_bytes()).await.unwrap();
        waiting.push(connection);
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    drop(waiting);
    let begun = Instant::now();
    eventually("a page that needs no session opens", SOON, async || {
        process.answers("/login", 200).await
    })
    .await;
    // Those who wait get the lock timeout of two seconds.
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    lock.rollback().await.unwrap();
}
