//! `GET /gettoken`, and the token check that other APIs require.

use std::time::Instant;

use serde_json::json;

use super::{
    answer::{Fields, Refusal},
    desk::Desk,
    params::Params,
};
use crate::token::{Standing, Tokens};

/// Returns the app's token for its key and secret, read from the query string only.
pub(crate) fn get(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let (Some(key), Some(secret)) = (desk.params.query("appkey"), desk.params.query("appsecret"))
    else {
        return Err(Refusal::Worded(40035, "缺少参数 corpid or appkey".into()));
    };
    if key != desk.config.app_key || secret != desk.config.app_secret {
        return Err(Refusal::Code(40096));
    }
    let token = desk.world.tokens.issue(desk.now, desk.config.token_life);
    let mut fields = Fields::new();
    fields.insert("access_token".into(), json!(token));
    fields.insert("expires_in".into(), json!(desk.config.token_life.as_secs()));
    Ok(fields)
}

/// Refuses a missing token, an expired one (42001) and any other (40014).
pub(crate) fn check(tokens: &Tokens, params: &Params, now: Instant) -> Result<(), Refusal> {
    let Some(shown) = params.access_token() else {
        return Err(Refusal::NoToken);
    };
    match tokens.standing(shown, now) {
        Standing::Valid => Ok(()),
        Standing::Expired => Err(Refusal::Gateway(42001)),
        Standing::Unknown => Err(Refusal::Gateway(40014)),
    }
}
