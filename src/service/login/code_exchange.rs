//! From a code to the person whom DingTalk names; the settings alone decide which interface is asked.

use super::LoginError;
use crate::config::LoginFlow;
use crate::context::Context;
use crate::dingtalk::login::ScannedPerson;
use crate::domain::case::Refusal;
use crate::service::upstream::{self, LoginSlot, UpstreamError};

/// How a session that begins by DingTalk's login page is called in the tables.
pub(super) fn method(ctx: &Context) -> &'static str {
    match ctx.config.dingtalk.login_flow {
        LoginFlow::QrConnect => "qr",
        LoginFlow::OAuth2 { .. } => "oauth2",
    }
}

/// Redeems the code that somebody brings back from DingTalk's login page.
pub(super) async fn exchange_code(
    ctx: &Context,
    code: &str,
    entry: &LoginSlot,
) -> Result<ScannedPerson, LoginError> {
    match ctx.config.dingtalk.login_flow {
        LoginFlow::QrConnect => upstream::user_by_scan_code(ctx, code, entry)
            .await
            .map_err(code_error),
        LoginFlow::OAuth2 { .. } => upstream::user_by_oauth2_code(ctx, code, entry)
            .await
            .map_err(named_by_dingtalk),
    }
}

/// What became of a code that should have named somebody. Whom DingTalk no longer knows it does not name
/// either, so there is nobody to list.
pub(super) fn named_by_dingtalk(error: UpstreamError) -> LoginError {
    if error.is_unknown_person() {
        return LoginError::Refused {
            refusal: Refusal::NotEmployee,
            nick: String::new(),
        };
    }
    code_error(error)
}

fn code_error(error: UpstreamError) -> LoginError {
    match &error {
        UpstreamError::Api(api) if api.is_spent_code() && api.api() != "gettoken" => {
            LoginError::InvalidCode
        }
        _ => error.into(),
    }
}
