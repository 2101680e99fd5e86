//! Calls that only test whether DingTalk accepts us; nothing they return is stored.

use std::time::Instant;

use dingtalk::probe::{Probe, ScanPage};

use super::{
    DingTalk, Idempotency, Priority, UpstreamError, ban, call_with_retries, rate_limiter, token,
};

/// An operator waits for these.
const PRIORITY: Priority = Priority::Recheck;

impl DingTalk {
    /// Checks whether DingTalk is reachable, and what time it reports.
    pub async fn probe(&self) -> Result<Probe, UpstreamError> {
        let begun = Instant::now();
        let permit = rate_limiter::acquire(self, "gettoken", PRIORITY).await?;
        let probe = self.0.client.probe().await;
        drop(permit);
        if let Probe::Unexpected(error) = &probe
            && let Some(paused) = ban::pause_if_banned(self, error, begun).await?
        {
            return Err(paused);
        }
        Ok(probe)
    }

    /// Fetches an access token, whether or not one is stored: only that shows that key and secret are right.
    pub async fn check_credentials(&self) -> Result<(), UpstreamError> {
        call_with_retries(self, PRIORITY, token::API, Idempotency::Idempotent, || {
            Box::pin(async { token::request(self).await.map(drop) })
        })
        .await
    }

    /// Requests DingTalk's page with the QR code, as a browser would.
    pub async fn scan_page(
        &self,
        redirect_uri: &str,
        state: &str,
    ) -> Result<ScanPage, UpstreamError> {
        let permit = rate_limiter::acquire(self, "connect/qrconnect", PRIORITY).await?;
        let page = self.0.client.scan_page(redirect_uri, state).await;
        drop(permit);
        Ok(page?)
    }
}
