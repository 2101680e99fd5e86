//! Calls that only try whether DingTalk takes us; nothing that they bring is kept.

use super::{Priority, Repeat, UpstreamError, attempts, pace, token};
use crate::context::Context;
use crate::dingtalk::ApiError;
use crate::dingtalk::trial::{Probe, ScanPage};

/// An operator waits for these.
const PRIORITY: Priority = Priority::Look;

/// Looks whether DingTalk is there, and what time it is there.
pub async fn probe(ctx: &Context) -> Result<Probe, UpstreamError> {
    let turn = pace::turn(ctx, "gettoken", PRIORITY).await?;
    let probe = ctx.dingtalk.probe().await;
    drop(turn);
    if matches!(probe, Probe::Strange(ApiError::Banned { .. })) {
        let retry_after = pace::pause_all(ctx).await?;
        return Err(UpstreamError::Paused { retry_after });
    }
    Ok(probe)
}

/// Fetches an access token, whether or not one is kept: only that shows that key and secret are right.
pub async fn try_credentials(ctx: &Context) -> Result<(), UpstreamError> {
    attempts(ctx, PRIORITY, token::API, Repeat::Allowed, || {
        Box::pin(async { token::ask(ctx).await.map(drop) })
    })
    .await
}

/// Asks for DingTalk's page with the QR code, as a browser would.
pub async fn scan_page(
    ctx: &Context,
    redirect_uri: &str,
    state: &str,
) -> Result<ScanPage, UpstreamError> {
    let turn = pace::turn(ctx, "connect/qrconnect", PRIORITY).await?;
    let page = ctx.dingtalk.scan_page(redirect_uri, state).await;
    drop(turn);
    Ok(page?)
}
