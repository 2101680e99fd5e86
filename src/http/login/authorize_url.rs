//! DingTalk's authorization URLs of a begun login, in both flows. The redirect URI is the same for all.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::config::LoginFlow;
use crate::context::Context;
use crate::http::pages::qr_frame_src;

/// The URL that the login page shows in its iframe, and where it continues after a scan.
pub(super) struct EmbeddedLogin {
    pub src: String,
    pub goto: String,
    pub is_oauth2: bool,
}

/// Returns the URL of DingTalk's own page.
pub(super) fn full_page(ctx: &Context, state: &str) -> String {
    match ctx.config.dingtalk.login_flow {
        LoginFlow::QrConnect => qrconnect(ctx, "connect/qrconnect", state),
        LoginFlow::OAuth2 { is_exclusive } => oauth2(ctx, state, is_exclusive, &[]),
    }
}

/// Returns the URLs for DingTalk's page in our iframe.
pub(super) fn embedded(ctx: &Context, state: &str) -> EmbeddedLogin {
    match ctx.config.dingtalk.login_flow {
        LoginFlow::QrConnect => {
            let goto = qrconnect(ctx, "connect/oauth2/sns_authorize", state);
            EmbeddedLogin {
                src: qr_frame_src(&ctx.config.dingtalk.login_url, &goto),
                goto,
                is_oauth2: false,
            }
        }
        LoginFlow::OAuth2 { is_exclusive } => EmbeddedLogin {
            // With `corpid` in the scope, DingTalk's iframe requires an `org_type` beside the `corpId`.
            src: oauth2(
                ctx,
                state,
                is_exclusive,
                &[("org_type", "management"), ("iframe", "true")],
            ),
            goto: way_back(ctx),
            is_oauth2: true,
        },
    }
}

fn way_back(ctx: &Context) -> String {
    format!("{}/login/callback", ctx.config.server.public_url.as_str())
}

fn qrconnect(ctx: &Context, path: &str, state: &str) -> String {
    let root = format!("{}/{path}", ctx.dingtalk.root());
    let redirect_uri = way_back(ctx);
    let parameters = [
        ("appid", ctx.config.dingtalk.login_app.key.as_str()),
        ("response_type", "code"),
        ("scope", "snsapi_login"),
        ("state", state),
        ("redirect_uri", &redirect_uri),
    ];
    Url::parse_with_params(&root, parameters)
        .map(String::from)
        .unwrap_or_default()
}

/// Returns the URL of the newer page, which requires a blank to be encoded as %20, not as a plus sign.
fn oauth2(ctx: &Context, state: &str, is_exclusive: bool, more: &[(&str, &str)]) -> String {
    let dingtalk = &ctx.config.dingtalk;
    let (redirect_uri, corp_id) = (way_back(ctx), dingtalk.corp_id.as_str());
    let usual = [
        ("redirect_uri", redirect_uri.as_str()),
        ("response_type", "code"),
        ("client_id", &dingtalk.login_app.key),
        ("scope", "openid corpid"),
        ("prompt", "consent"),
        ("state", state),
        ("corpId", corp_id),
    ];
    let exclusive = [("exclusiveLogin", "true"), ("exclusiveCorpId", corp_id)];
    let exclusive: &[_] = if is_exclusive { &exclusive } else { &[] };
    let parameters = usual.iter().chain(exclusive).chain(more);
    let query: Vec<String> = parameters
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect();
    let root = dingtalk.login_url.as_str().trim_end_matches('/');
    format!("{root}/oauth2/auth?{}", query.join("&"))
}
