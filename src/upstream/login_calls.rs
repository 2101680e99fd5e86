//! The calls that exchange the code of a login for the person's identity.

use dingtalk::oauth2::UserGrant;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use super::login_slot::{IN_APP, LoginSlot, SCAN, USER_ACCESS_TOKEN};
use super::records::{self, InAppPerson, ScannedPerson};
use super::{
    DingTalk, Idempotency, Priority, UpstreamError, call_with_permit, call_with_retries,
    rate_limiter,
};

/// Smallest change in the estimated clock offset to DingTalk that justifies another signature, in milliseconds.
const NEW_TIME_MS: u64 = 1_000;

pub(super) const TOKEN_OWNER: &str = "v1.0/contact/users/me";

impl DingTalk {
    /// Exchanges the code of a scan. The code is consumed, whatever the response.
    pub async fn user_by_scan_code(
        &self,
        code: &str,
        slot: &LoginSlot,
    ) -> Result<ScannedPerson, UpstreamError> {
        call_with_retries(
            self,
            Priority::Login,
            SCAN,
            Idempotency::ConsumesCode,
            || Box::pin(scan(self, code, slot)),
        )
        .await
    }

    /// Exchanges the code of a page inside DingTalk. The code is consumed, whatever the response.
    pub async fn user_by_in_app_code(
        &self,
        code: &str,
        slot: &LoginSlot,
    ) -> Result<InAppPerson, UpstreamError> {
        let permit = || -> BoxFuture<'_, _> { Box::pin(slot.permit(self, IN_APP)) };
        call_with_permit(
            self,
            Priority::Login,
            IN_APP,
            Idempotency::ConsumesCode,
            permit,
            |token| {
                Box::pin(async move {
                    let person = self.0.client.user_by_in_app_code(&token, code).await?;
                    records::in_app_person(IN_APP, person)
                })
            },
        )
        .await
    }

    /// Exchanges the code of the OAuth 2 login page and returns its owner. The code is consumed, whatever the
    /// response; the person's token is dropped with this call.
    pub async fn user_by_oauth2_code(
        &self,
        code: &str,
        slot: &LoginSlot,
    ) -> Result<ScannedPerson, UpstreamError> {
        let grant = grant(self, code, slot).await?;
        let corp_id = grant.corp_id.as_deref();
        if corp_id.is_some_and(|id| id != self.0.corp_id) {
            tracing::info!("another company was selected on DingTalk's login page");
        }
        owner(self, &grant.token).await
    }
}

/// Makes the call, and repeats it if its timestamp is rejected, which DingTalk checks before the code: the rejection
/// carries the right time, so the first call of an instance with a wrong clock does not fail.
async fn scan(
    dingtalk: &DingTalk,
    code: &str,
    slot: &LoginSlot,
) -> Result<ScannedPerson, UpstreamError> {
    let clock = dingtalk.0.client.clock();
    let assumed = clock.ahead_ms();
    match scan_once(dingtalk, code, slot).await {
        Err(UpstreamError::Api(error))
            if error.is_wrong_time() && clock.ahead_ms().abs_diff(assumed) >= NEW_TIME_MS =>
        {
            scan_once(dingtalk, code, slot).await
        }
        result => result,
    }
}

async fn scan_once(
    dingtalk: &DingTalk,
    code: &str,
    slot: &LoginSlot,
) -> Result<ScannedPerson, UpstreamError> {
    let permit = slot.permit(dingtalk, SCAN).await?;
    let person = dingtalk.0.client.user_by_scan_code(code).await;
    drop(permit);
    Ok(records::scanned_person(SCAN, person?)?)
}

async fn grant(
    dingtalk: &DingTalk,
    code: &str,
    slot: &LoginSlot,
) -> Result<UserGrant, UpstreamError> {
    const API: &str = USER_ACCESS_TOKEN;
    let once = || async move {
        let permit = slot.permit(dingtalk, API).await?;
        let grant = dingtalk.0.client.user_grant(code).await;
        drop(permit);
        Ok(grant?)
    };
    call_with_retries(
        dingtalk,
        Priority::Login,
        API,
        Idempotency::ConsumesCode,
        || Box::pin(once()),
    )
    .await
}

/// A rejected token of the person concerns this login, not the app: no alert is raised.
async fn owner(dingtalk: &DingTalk, token: &SecretString) -> Result<ScannedPerson, UpstreamError> {
    let once = || async move {
        let permit = rate_limiter::acquire(dingtalk, TOKEN_OWNER, Priority::Login).await?;
        let person = dingtalk.0.client.token_owner(token).await;
        drop(permit);
        Ok(records::scanned_person(TOKEN_OWNER, person?)?)
    };
    call_with_retries(
        dingtalk,
        Priority::Login,
        TOKEN_OWNER,
        Idempotency::ConsumesCode,
        || Box::pin(once()),
    )
    .await
}
