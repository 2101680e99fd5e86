//! Calls that only test whether DingTalk accepts us; nothing they return is stored.

use std::time::Instant;

use super::{Idempotency, Priority, UpstreamError, ban, call_with_retries, rate_limiter, token};
use crate::context::Context;
use crate::dingtalk::probe::{Probe, ScanPage};

/// An operator waits for these.
const PRIORITY: Priority = Priority::Look;

/// Checks whether DingTalk is reachable, and what time it reports.
pub async fn probe(ctx: &Context) -> Result<Probe, UpstreamError> {
    let begun = Instant::now();
    let turn = rate_limiter::acquire(ctx, "gettoken", PRIORITY).await?;
    let probe = ctx.dingtalk.probe().await;
    drop(turn);
    if let Probe::Unexpected(error) = &probe
        && let Some(paused) = ban::pause_if_banned(ctx, error, begun).await?
    {
        return Err(paused);
    }
    Ok(probe)
}

/// Fetches an access token, whether or not one is stored: only that shows that key and secret are right.
pub async fn check_credentials(ctx: &Context) -> Result<(), UpstreamError> {
    call_with_retries(ctx, PRIORITY, token::API, Idempotency::Idempotent, || {
        Box::pin(async { token::request(ctx).await.map(drop) })
    })
    .await
}

/// Requests DingTalk's page with the QR code, as a browser would.
pub async fn scan_page(
    ctx: &Context,
    redirect_uri: &str,
    state: &str,
) -> Result<ScanPage, UpstreamError> {
    let turn = rate_limiter::acquire(ctx, "connect/qrconnect", PRIORITY).await?;
    let page = ctx.dingtalk.scan_page(redirect_uri, state).await;
    drop(turn);
    Ok(page?)
}
