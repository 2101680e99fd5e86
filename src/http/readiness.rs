//! Requests wait briefly for a process that is still starting.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use tokio_util::sync::CancellationToken;

use super::error::AppError;
use super::middleware::Edge;
use crate::context::Context;

/// How long a page waits for the migrations while the process starts, before it answers 503.
const START_TIMEOUT: Duration = Duration::from_secs(2);
const START_POLL: Duration = Duration::from_millis(20);

/// Waits briefly until the migrations are in place: a process binds its port before it is ready, and a restart
/// should not cause error pages.
async fn becomes_ready(ctx: &Context, stopping: &CancellationToken) -> bool {
    let ready = async {
        while !ctx.is_ready() {
            tokio::time::sleep(START_POLL).await;
        }
    };
    tokio::select! {
        result = tokio::time::timeout(START_TIMEOUT, ready) => result.is_ok(),
        () = stopping.cancelled() => false,
    }
}

/// Answers 503 if the migrations are not in place in time.
pub async fn when_ready<B: MessageBody>(
    ctx: web::Data<Context>,
    edge: web::Data<Edge>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if ctx.is_ready() || becomes_ready(&ctx, &edge.stopping).await {
        next.call(request).await
    } else {
        Err(AppError::Unavailable.into())
    }
}
