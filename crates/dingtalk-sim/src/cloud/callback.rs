//! The callback registered by API, and the events that could not be delivered.

use serde_json::{Value, json};
use tokio::sync::oneshot;
use url::Url;

use super::{
    answer::{Fields, Refusal},
    desk::Desk,
};
use crate::{
    crypto::CallbackCrypto,
    shared::{Job, Shared},
    subscription::{RegisteredCallback, is_tag},
    world::World,
};

/// A callback that waits for the receiver's reply to `check_url`.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    callback: RegisteredCallback,
    replaces: bool,
}

/// `POST /call_back/register_call_back`
pub(crate) fn register(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    propose(desk, false)
}

/// `POST /call_back/update_call_back`
pub(crate) fn update(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    propose(desk, true)
}

/// `GET /call_back/get_call_back`, with token and key.
pub(crate) fn get(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let present = desk.world.registered.as_ref();
    let callback = present.ok_or(Refusal::Code(71007))?;
    let mut fields = Fields::new();
    fields.insert("call_back_tag".into(), json!(callback.call_back_tag));
    fields.insert("token".into(), json!(callback.token));
    fields.insert("aes_key".into(), json!(callback.aes_key));
    fields.insert("url".into(), json!(callback.url));
    Ok(fields)
}

/// `GET /call_back/delete_call_back`
pub(crate) fn delete(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let former = desk.world.registered.take();
    former.map(|_| Fields::new()).ok_or(Refusal::Code(71007))
}

/// `GET /call_back/get_call_back_failed_result`: up to 200 failed callbacks; the next call deletes what this one
/// returned.
#[allow(clippy::unnecessary_wraps, reason = "has the form of every interface")]
pub(crate) fn failed(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let shape = desk.world.failed_shape;
    let (list, has_more) = desk.world.log.fetch_failed(&desk.config.corp_id, shape);
    let mut fields = Fields::new();
    fields.insert("failed_list".into(), json!(list));
    fields.insert("has_more".into(), json!(has_more));
    Ok(fields)
}

/// Checks what can be checked without calling the receiver.
fn propose(desk: &mut Desk<'_>, replaces: bool) -> Result<Fields, Refusal> {
    check_place(desk.world, replaces)?;
    let text = |name: &str| desk.params.value(name).and_then(Value::as_str);
    let token = text("token").filter(|token| (6..64).contains(&token.len()));
    let key = text("aes_key").filter(|key| CallbackCrypto::new("", key, "").is_ok());
    let callback = RegisteredCallback {
        call_back_tag: tags(desk.params.value("call_back_tag"))?,
        token: token.ok_or(Refusal::Code(71010))?.to_owned(),
        aes_key: key.ok_or(Refusal::Code(71010))?.to_owned(),
        url: address(text("url").ok_or(Refusal::Code(71010))?)?,
    };
    desk.pending = Some(Pending { callback, replaces });
    Ok(Fields::new())
}

/// Registering requires that there is no callback (71006), updating that there is one (71007).
fn check_place(world: &World, replaces: bool) -> Result<(), Refusal> {
    match (world.registered.is_some(), replaces) {
        (true, false) => Err(Refusal::Code(71006)),
        (false, true) => Err(Refusal::Code(71007)),
        _ => Ok(()),
    }
}

fn tags(given: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let tags = given
        .and_then(Value::as_array)
        .ok_or(Refusal::Code(71010))?;
    let known = tags
        .iter()
        .map(|tag| tag.as_str().filter(|tag| is_tag(tag)).map(str::to_owned))
        .collect::<Option<Vec<String>>>();
    known
        .filter(|tags| !tags.is_empty())
        .ok_or(Refusal::Code(71008))
}

/// Returns a URL that can be pushed to, unchanged.
fn address(text: &str) -> Result<String, Refusal> {
    let url = Url::parse(text).map_err(|_| Refusal::Code(71011))?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() && url.fragment().is_none() {
        Ok(text.to_owned())
    } else {
        Err(Refusal::Code(71011))
    }
}

/// Calls the receiver with the new token and key, and registers the callback if the reply is correct.
pub(crate) async fn confirm(pending: Pending, shared: &Shared) -> Result<(), Refusal> {
    let Pending { callback, replaces } = pending;
    let destination = callback
        .destination(&shared.config.corp_id)
        .map_err(|_| Refusal::Code(71010))?;
    let (report, outcome) = oneshot::channel();
    shared.enqueue(Job::Verify(Box::new(destination), report));
    let outcome = outcome.await.map_err(|_| Refusal::Code(-1))?;
    outcome.map_err(|error| rejection(&error))?;
    // Another call may have been faster.
    let mut world = shared.world();
    check_place(&world, replaces)?;
    world.registered = Some(callback);
    Ok(())
}

/// Returns 71012 with its reason for an unreachable receiver, 71009 for a wrong reply.
fn rejection(error: &str) -> Refusal {
    let (code, reason) = error.split_once(": ").unwrap_or(("71009", error));
    match code {
        "71012" => Refusal::Worded(
            71012,
            format!("url地址访问异常，错误原因为：{reason}").into(),
        ),
        _ => Refusal::Worded(
            71009,
            format!("返回的字符串不是加密的success：{reason}").into(),
        ),
    }
}
