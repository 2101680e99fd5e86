//! Controls of events, faults and meters.

use actix_web::web;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{Answer, done, read};
use crate::{
    event::FailedShape,
    fault::Fault,
    scope::Scope,
    shared::{Announce, Job, Shared},
};

type Data = web::Data<Shared>;

/// Returns the public part of the settings and the result of `check_url`; no secrets.
pub(super) async fn status(shared: Data) -> Answer {
    let (config, world) = (&shared.config, shared.world());
    let url_check = world.url_check.as_ref().map(|check| match check {
        Ok(()) => "ok".to_owned(),
        Err(error) => error.clone(),
    });
    let registered = world
        .registered
        .as_ref()
        .map(|callback| json!({"url": callback.url, "call_back_tag": callback.call_back_tag}));
    Ok(web::Json(json!({
        "company": world.directory.company_name(),
        "corp_id": config.corp_id, "app_key": config.app_key,
        "login_app_id": config.login_app_id, "callback_domain": config.callback_domain,
        "callback_url": world.callback_url, "url_check": url_check,
        "registered_callback": registered, "failed": world.log.failed_count(),
        "employed": world.directory.people().len(),
        "departments": world.directory.departments().len(),
        "failed_shape": world.failed_shape, "scope": world.scope,
    })))
}

pub(super) async fn events(shared: Data) -> Answer {
    Ok(web::Json(json!(shared.world().log.records())))
}

/// Pushes the body as a plain event.
pub(super) async fn send_event(body: web::Bytes, shared: Data) -> Answer {
    let event: Value = read(&body)?;
    Ok(web::Json(
        json!({"id": shared.publish(event, Announce::Yes)}),
    ))
}

/// Returns the body as an encrypted push, for the caller to send.
pub(super) async fn encrypt_event(body: web::Bytes, shared: Data) -> Answer {
    let event: Value = read(&body)?;
    let callback = shared.sign_now(event.to_string().as_bytes());
    Ok(web::Json(
        json!({"query": callback.query, "body": callback.body}),
    ))
}

/// Returns the failed list without fetching it.
pub(super) async fn failed(shared: Data) -> Answer {
    Ok(web::Json(json!(
        shared.world().log.failed().collect::<Vec<_>>()
    )))
}

/// Adds an entry, or each of a list of entries, unchanged to the failed list.
pub(super) async fn add_failed(body: web::Bytes, shared: Data) -> Answer {
    let entries = match read(&body)? {
        Value::Array(entries) => entries,
        entry => vec![entry],
    };
    for entry in entries {
        shared.world().log.add_failed(entry);
    }
    shared.save();
    done()
}

/// `{"shape": "current"}` or `"flat"`
pub(super) async fn set_failed_shape(body: web::Bytes, shared: Data) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shape {
        shape: FailedShape,
    }
    shared.world().failed_shape = read::<Shape>(&body)?.shape;
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallbackUrl {
    url: Option<String>,
}

pub(super) async fn set_callback_url(body: web::Bytes, shared: Data) -> Answer {
    shared.world().callback_url = read::<CallbackUrl>(&body)?.url;
    done()
}

/// Sends `check_url` once; returns 400 with `DingTalk`'s complaint if the reply is wrong.
pub(super) async fn check_url(shared: Data) -> Answer {
    let (report, outcome) = oneshot::channel();
    shared.enqueue(Job::CheckUrl(report));
    outcome.await?.map_err(anyhow::Error::msg)?;
    done()
}

/// Returns calls by path, the most in any second, the most at once.
pub(super) async fn calls(shared: Data) -> Answer {
    let world = shared.world();
    let paths: serde_json::Map<String, Value> = world
        .meter
        .all()
        .map(|(path, calls, most)| {
            (
                path.to_owned(),
                json!({"calls": calls, "max_in_any_second": most}),
            )
        })
        .collect();
    Ok(web::Json(
        json!({"paths": paths, "max_in_flight": world.meter.most_in_flight()}),
    ))
}

pub(super) async fn reset_calls(shared: Data) -> Answer {
    shared.world().meter.reset();
    done()
}

pub(super) async fn faults(shared: Data) -> Answer {
    let world = shared.world();
    let armed: serde_json::Map<String, Value> = world
        .faults
        .armed()
        .map(|(path, armed)| (path.clone(), json!(armed)))
        .collect();
    Ok(web::Json(json!(armed)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arm {
    path: String,
    fault: Fault,
    times: Option<u64>,
}

pub(super) async fn arm(body: web::Bytes, shared: Data) -> Answer {
    let arm: Arm = read(&body)?;
    shared.world().faults.arm(&arm.path, arm.fault, arm.times);
    done()
}

pub(super) async fn clear(shared: Data) -> Answer {
    shared.world().faults.clear();
    done()
}

/// `{"seconds": 90}`: how far the clock is ahead.
pub(super) async fn set_clock_skew(body: web::Bytes, shared: Data) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Skew {
        seconds: i64,
    }
    shared.set_clock_skew(read::<Skew>(&body)?.seconds);
    done()
}

pub(super) async fn revoke_token(shared: Data) -> Answer {
    shared.world().tokens.revoke();
    done()
}

pub(super) async fn set_scope(body: web::Bytes, shared: Data) -> Answer {
    let scope: Scope = read(&body)?;
    shared.world().scope = scope;
    shared.save();
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stale {
    userid: String,
    on: bool,
}

pub(super) async fn set_stale(body: web::Bytes, shared: Data) -> Answer {
    let stale: Stale = read(&body)?;
    shared.world().freeze(&stale.userid, stale.on);
    done()
}
