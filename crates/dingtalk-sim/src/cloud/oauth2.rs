//! The newer login APIs: exchange a code for the person's token, and identify the owner of a token.

mod answer;

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, http::Method, http::header, web};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use self::answer::Refusal;
use super::{
    answer::{Family, Fields},
    fault,
};
use crate::{crypto::hex, fault::Fault, grant::TOKEN_LIFE, shared::Shared};

const REDEEM: &str = "/v1.0/oauth2/userAccessToken";
const ME: &str = "/v1.0/contact/users/me";

/// Both paths, for the page that arms faults.
pub(crate) const PATHS: [&str; 2] = [REDEEM, ME];

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    for path in PATHS {
        config.route(path, web::to(call));
    }
}

/// Handles either API: counts the call, applies an armed fault, checks it, responds.
async fn call(request: HttpRequest, body: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let path = request.path();
    let _under_way = shared.begin_call(path);
    let struck = shared.world().faults.strike(path);
    match struck {
        Some(Fault::Delay(delay)) => {
            actix_web::rt::time::sleep(delay).await;
            proper_answer(&request, &body, &shared)
        }
        Some(Fault::LoseAnswer) => {
            drop(proper_answer(&request, &body, &shared));
            fault::silence().await
        }
        Some(Fault::Hang) => fault::silence().await,
        Some(struck) => answer::instead(path, &struck),
        None => proper_answer(&request, &body, &shared),
    }
}

fn proper_answer(request: &HttpRequest, body: &[u8], shared: &Shared) -> HttpResponse {
    let method = if request.path() == REDEEM {
        Method::POST
    } else {
        Method::GET
    };
    if *request.method() != method {
        return Family::New.unknown_path(request.path());
    }
    let answered = answer(request, body, shared);
    let wants_json = header_of(request, header::ACCEPT.as_str()).contains("application/json");
    match answered {
        Ok(fields) if wants_json => super::answer::ok(&Value::Object(fields)),
        Ok(_) => answer::xml(),
        Err(refusal) => refusal.send(),
    }
}

fn answer(request: &HttpRequest, body: &[u8], shared: &Shared) -> Result<Fields, Refusal> {
    let now = Instant::now();
    let limit = shared.config.calls_per_second;
    if shared
        .world()
        .meter
        .admit(path_of(request), now, limit)
        .is_err()
    {
        return Err(answer::THROTTLED);
    }
    if request.path() == REDEEM {
        redeem(request, body, shared, now)
    } else {
        me(request, shared, now)
    }
}

fn path_of(request: &HttpRequest) -> &'static str {
    if request.path() == REDEEM { REDEEM } else { ME }
}

fn header_of<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    let value = request.headers().get(name);
    value.and_then(|v| v.to_str().ok()).unwrap_or_default()
}

/// `POST /v1.0/oauth2/userAccessToken`, JSON only.
fn redeem(
    request: &HttpRequest,
    body: &[u8],
    shared: &Shared,
    now: Instant,
) -> Result<Fields, Refusal> {
    let is_json = header_of(request, "content-type").starts_with("application/json");
    let sent: Option<Map<String, Value>> = serde_json::from_slice(body).ok();
    let sent = sent.filter(|_| is_json).ok_or(answer::NO_BODY)?;
    let field = |name: &str| {
        let text = sent.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).ok_or(answer::MISSING)
    };
    let (client_id, secret) = (field("clientId")?, field("clientSecret")?);
    let config = &shared.config;
    let apps = [
        (&config.app_key, &config.app_secret),
        (&config.login_app_id, &config.login_app_secret),
    ];
    if !apps.contains(&(&client_id.to_owned(), &secret.to_owned())) {
        return Err(answer::BAD_CLIENT);
    }
    if field("grantType")? != "authorization_code" {
        return Err(answer::BAD_GRANT_TYPE);
    }
    let redeemed = shared.world().grants.redeem(field("code")?, client_id, now);
    let (token, grant) = redeemed.ok_or(answer::BAD_CODE)?;
    shared.world().note_login(&grant.unionid);
    let mut fields = Fields::new();
    fields.insert("accessToken".into(), json!(token));
    let refresh_token = hex(&crate::crypto::random16());
    fields.insert("refreshToken".into(), json!(refresh_token));
    fields.insert("expireIn".into(), json!(TOKEN_LIFE.as_secs()));
    if let Some(corp_id) = grant.corp_id {
        fields.insert("corpId".into(), json!(corp_id));
    }
    Ok(fields)
}

/// `GET /v1.0/contact/users/me`, for a person's own token only.
fn me(request: &HttpRequest, shared: &Shared, now: Instant) -> Result<Fields, Refusal> {
    let token = header_of(request, "x-acs-dingtalk-access-token");
    if token.is_empty() {
        return Err(answer::NO_TOKEN);
    }
    let world = shared.world();
    let unionid = world.grants.owner(token, now).ok_or(answer::BAD_TOKEN)?;
    let openid = hex(&Sha256::digest(format!("oauth2 {unionid}")));
    let openid: String = openid.chars().take(28).collect();
    let nick = world.directory.nick_of(unionid).unwrap_or("钉钉用户");
    let mut fields = Fields::new();
    for (name, value) in [
        ("nick", nick),
        ("unionId", unionid),
        ("openId", &openid),
        ("stateCode", "86"),
    ] {
        fields.insert(name.into(), json!(value));
    }
    let everybody = world.directory.people().iter();
    let mut everybody = everybody.chain(world.directory.former());
    if let Some(person) = everybody.find(|person| person.unionid == unionid) {
        let private = [
            ("avatarUrl", &person.avatar, true),
            ("mobile", &person.mobile, shared.config.may_read_mobile),
            ("email", &person.email, shared.config.may_read_email),
        ];
        for (name, value, may_be_read) in private {
            if may_be_read && !value.is_empty() {
                fields.insert(name.into(), json!(value));
            }
        }
    }
    Ok(fields)
}
