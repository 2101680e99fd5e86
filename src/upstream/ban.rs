//! Pauses all calls after a ban of our IP address, or after a web page in place of a response.

use std::time::{Duration, Instant};

use dingtalk::ApiError;

use super::{DingTalk, UpstreamError};
use crate::store::{StoreError, circuit};

/// The pause after a first web page. A failing proxy may have recovered by then; if our IP address is banned, the
/// next call shows it. Calls wait for the end of a pause that is no longer than this.
pub(super) const SHORT_PAUSE: Duration = Duration::from_secs(3);

/// Pauses all calls if the error indicates a ban, or possibly one. Returns the caller's error if there is no point
/// in waiting.
pub(super) async fn pause_if_banned(
    dingtalk: &DingTalk,
    error: &ApiError,
    begun: Instant,
) -> Result<Option<UpstreamError>, StoreError> {
    let (api, retry_after) = match error {
        ApiError::Banned { api } => {
            let paused = dingtalk
                .0
                .db
                .read(async |conn| circuit::open_circuit(conn).await)
                .await?;
            (*api, paused)
        }
        ApiError::Page { api } => {
            dingtalk.0.outages.record_html_answer();
            let age = begun.elapsed();
            let paused = dingtalk
                .0
                .db
                .read(async |conn| circuit::pause_after_html(conn, SHORT_PAUSE, age).await)
                .await?;
            (*api, paused)
        }
        _ => return Ok(None),
    };
    if retry_after <= SHORT_PAUSE {
        tracing::warn!(api, "DingTalk API returned HTML; pausing all calls");
        return Ok(None);
    }
    tracing::error!(
        api,
        "DingTalk has banned our address: all calls are paused for five minutes"
    );
    Ok(Some(UpstreamError::Paused { retry_after }))
}

/// Records that DingTalk has answered a call started at `begun`: an earlier web page was not a ban.
pub(super) async fn record_answer(dingtalk: &DingTalk, begun: Instant) {
    if !dingtalk.0.outages.record_api_answer(begun) {
        return;
    }
    let forgotten = dingtalk
        .0
        .db
        .read(async |conn| circuit::forget_html(conn).await)
        .await;
    if let Err(error) = forgotten {
        tracing::debug!(%error, "a web page is remembered although DingTalk answers again");
    }
}
