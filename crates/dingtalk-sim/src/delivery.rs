//! Pushes events to the receiver, with the timeouts and retries of `DingTalk`.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use crate::{
    shared::{Job, Shared, sign_at},
    subscription::{Destination, Subscription},
};

const CHECK_URL: &[u8] = br#"{"EventType":"check_url"}"#;
/// Delay between two `check_url` while the receiver is not up yet.
const CHECK_AGAIN: Duration = Duration::from_secs(1);

/// Takes jobs until the simulator stops; each runs in its own task.
pub(crate) async fn run(shared: Arc<Shared>, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let Ok(client) = push_client(&shared) else {
        tracing::error!("no HTTP client for pushes");
        return;
    };
    if shared.config.check_url_at_start {
        actix_web::rt::spawn(check_until_answered(Arc::clone(&shared), client.clone()));
    }
    while let Some(job) = jobs.recv().await {
        let (shared, client) = (Arc::clone(&shared), client.clone());
        match job {
            Job::Deliver(id) => {
                actix_web::rt::spawn(deliver(shared, client, id));
            }
            Job::CheckUrl(report) => {
                actix_web::rt::spawn(async move {
                    let _ = report.send(check_url(&shared, &client).await);
                });
            }
            Job::Verify(destination, report) => {
                actix_web::rt::spawn(async move {
                    let _ = report.send(push(&shared, &destination, &client, CHECK_URL).await);
                });
            }
        }
    }
}

/// Creates a client that follows no redirects, uses no proxy and has `DingTalk`'s timeout.
fn push_client(shared: &Shared) -> anyhow::Result<reqwest::Client> {
    // A provider already installed by other code in the process is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(shared.config.reply_deadline)
        .build()?)
}

/// Sends an event, retrying after each of the configured delays, until it is delivered or has failed.
async fn deliver(shared: Arc<Shared>, client: reqwest::Client, id: u64) {
    let mut waits = shared.config.retry_delays.clone().into_iter();
    loop {
        let Some((message, subscription)) = shared
            .world()
            .log
            .open_event(id)
            .map(|open| (open.event.to_string(), open.subscription))
        else {
            return;
        };
        let outcome = match shared.destination(subscription) {
            Ok(to) => push(&shared, &to, &client, message.as_bytes()).await,
            Err(error) => Err(error),
        };
        let wait = waits.next();
        let done = outcome.is_ok() || wait.is_none();
        shared.world().log.settle(id, outcome, wait.is_none());
        shared.save();
        match wait {
            Some(wait) if !done => actix_web::rt::time::sleep(wait).await,
            _ => return,
        }
    }
}

/// Sends one push; the error is what `DingTalk`'s console would report.
async fn push(
    shared: &Shared,
    to: &Destination,
    client: &reqwest::Client,
    message: &[u8],
) -> Result<(), String> {
    let callback = sign_at(&to.crypto, message, shared.now_ms());
    let answer = client
        .post(to.address_of(&callback))
        .header("Content-Type", "application/json")
        .body(callback.body)
        .send()
        .await
        .map_err(|error| format!("71012: {}", reason(&error)))?;
    let status = answer.status();
    if status != reqwest::StatusCode::OK {
        return Err(format!("71012: the HTTP status is {}", status.as_u16()));
    }
    let body = answer
        .bytes()
        .await
        .map_err(|error| format!("71012: {}", reason(&error)))?;
    let text = str::from_utf8(&body).map_err(|_| "71009: the answer is not UTF-8".to_owned())?;
    to.crypto
        .check_reply(text)
        .map_err(|error| format!("{error:#}"))
}

/// Returns the cause of a transport error, without the URL and the signature in it.
fn reason(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the exchange broke off"
    }
}

/// Sends `check_url` once and records the result.
async fn check_url(shared: &Shared, client: &reqwest::Client) -> Result<(), String> {
    let outcome = match shared.destination(Subscription::Console) {
        Ok(to) => push(shared, &to, client, CHECK_URL).await,
        Err(error) => Err(error),
    };
    shared.world().url_check = Some(outcome.clone());
    outcome
}

async fn check_until_answered(shared: Arc<Shared>, client: reqwest::Client) {
    let mut told = None;
    while let Err(error) = check_url(&shared, &client).await {
        if told.as_ref() != Some(&error) {
            tracing::info!(%error, "check_url is not answered yet");
            told = Some(error);
        }
        actix_web::rt::time::sleep(CHECK_AGAIN).await;
    }
    tracing::info!("check_url is answered");
}
