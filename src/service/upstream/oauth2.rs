//! Identifies a person who used DingTalk's OAuth 2 login page: two calls that belong to one login.

use secrecy::SecretString;

use super::login_slot::{LoginSlot, USER_ACCESS_TOKEN};
use super::{Idempotency, Priority, UpstreamError, call_with_retries, rate_limiter};
use crate::context::Context;
use crate::dingtalk::login::ScannedPerson;
use crate::dingtalk::oauth2::UserGrant;

/// Exchanges the code of the login page and returns its owner. The code is consumed, whatever the response; the
/// person's token is dropped with this call.
pub async fn user_by_oauth2_code(
    ctx: &Context,
    code: &str,
    entry: &LoginSlot,
) -> Result<ScannedPerson, UpstreamError> {
    let grant = grant(ctx, code, entry).await?;
    let corp_id = grant.corp_id.as_deref();
    if corp_id.is_some_and(|id| id != ctx.config.dingtalk.corp_id) {
        tracing::info!("another company was selected on DingTalk's login page");
    }
    owner(ctx, &grant.token).await
}

async fn grant(ctx: &Context, code: &str, entry: &LoginSlot) -> Result<UserGrant, UpstreamError> {
    const API: &str = USER_ACCESS_TOKEN;
    let once = || async move {
        let turn = entry.permit(ctx, API).await?;
        let grant = ctx.dingtalk.user_grant(code).await;
        drop(turn);
        Ok(grant?)
    };
    call_with_retries(ctx, Priority::Login, API, Idempotency::ConsumesCode, || {
        Box::pin(once())
    })
    .await
}

/// A rejected token of the person concerns this login, not the app: no alert is raised.
async fn owner(ctx: &Context, token: &SecretString) -> Result<ScannedPerson, UpstreamError> {
    const API: &str = "v1.0/contact/users/me";
    let once = || async move {
        let turn = rate_limiter::acquire(ctx, API, Priority::Login).await?;
        let person = ctx.dingtalk.token_owner(token).await;
        drop(turn);
        Ok(person?)
    };
    call_with_retries(ctx, Priority::Login, API, Idempotency::ConsumesCode, || {
        Box::pin(once())
    })
    .await
}
