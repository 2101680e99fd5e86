//! Exchanges a code for the person's identity; the settings alone decide which API is called.

use super::LoginError;
use crate::config::LoginFlow;
use crate::context::Context;
use crate::domain::case::Refusal;
use crate::domain::session::LoginMethod;
use crate::upstream::{CodeExchange, LoginSlot, ScannedPerson, UpstreamError};

/// Returns the login method stored with sessions that begin by DingTalk's login page.
pub(super) fn method(ctx: &Context) -> LoginMethod {
    match ctx.config.dingtalk.login_flow {
        LoginFlow::QrConnect => LoginMethod::Qr,
        LoginFlow::OAuth2 { .. } => LoginMethod::OAuth2,
    }
}

/// Returns how a code of DingTalk's login page is exchanged.
pub(super) fn page_exchange(ctx: &Context) -> CodeExchange {
    match ctx.config.dingtalk.login_flow {
        LoginFlow::QrConnect => CodeExchange::Scan,
        LoginFlow::OAuth2 { .. } => CodeExchange::OAuth2,
    }
}

/// Exchanges the code from DingTalk's login page.
pub(super) async fn exchange_code(
    ctx: &Context,
    code: &str,
    entry: &LoginSlot,
) -> Result<ScannedPerson, LoginError> {
    match ctx.config.dingtalk.login_flow {
        LoginFlow::QrConnect => ctx
            .dingtalk
            .user_by_scan_code(code, entry)
            .await
            .map_err(code_error),
        LoginFlow::OAuth2 { .. } => ctx
            .dingtalk
            .user_by_oauth2_code(code, entry)
            .await
            .map_err(named_by_dingtalk),
    }
}

/// Maps a failed code exchange. An unknown person has no unionid, so no review case is created.
pub(super) fn named_by_dingtalk(error: UpstreamError) -> LoginError {
    if error.is_unknown_person() {
        return LoginError::Refused {
            refusal: Refusal::NotEmployee,
            nick: String::new(),
            waiting_token: None,
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
