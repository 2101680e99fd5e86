//! Calls that manage the registered callback, and the one that fetches failed callbacks.

use super::{Idempotency, Priority, UpstreamError, call};
use crate::context::Context;
use crate::dingtalk::callback_registration::{
    DELETE, FAILED, FailedPage, REGISTER, RegisteredCallback, SHOW, UPDATE,
};

/// An operator waits for these, and failed callbacks are join, change and leave events: they come right after
/// logins. There are a few of them an hour.
const PRIORITY: Priority = Priority::Join;

/// Registers a callback; DingTalk tests its URL before it responds.
pub async fn register_callback(
    ctx: &Context,
    wanted: &RegisteredCallback,
) -> Result<(), UpstreamError> {
    call(
        ctx,
        PRIORITY,
        REGISTER,
        Idempotency::NotIdempotent,
        |token| Box::pin(async move { ctx.dingtalk.register_callback(&token, wanted).await }),
    )
    .await
}

/// Returns the registered callback.
pub async fn registered_callback(ctx: &Context) -> Result<RegisteredCallback, UpstreamError> {
    call(ctx, PRIORITY, SHOW, Idempotency::Idempotent, |token| {
        Box::pin(async move { ctx.dingtalk.callback(&token).await })
    })
    .await
}

/// Replaces the registered callback; DingTalk tests the new URL before it responds.
pub async fn update_callback(
    ctx: &Context,
    wanted: &RegisteredCallback,
) -> Result<(), UpstreamError> {
    call(ctx, PRIORITY, UPDATE, Idempotency::NotIdempotent, |token| {
        Box::pin(async move { ctx.dingtalk.update_callback(&token, wanted).await })
    })
    .await
}

/// Deletes the registered callback.
pub async fn delete_callback(ctx: &Context) -> Result<(), UpstreamError> {
    call(ctx, PRIORITY, DELETE, Idempotency::NotIdempotent, |token| {
        Box::pin(async move { ctx.dingtalk.delete_callback(&token).await })
    })
    .await
}

/// Fetches the next page of failed callbacks. DingTalk forgets what the previous call has returned, so this call is
/// made once, whatever its result.
pub async fn failed_events(ctx: &Context) -> Result<FailedPage, UpstreamError> {
    call(ctx, PRIORITY, FAILED, Idempotency::NotIdempotent, |token| {
        Box::pin(async move { ctx.dingtalk.failed_events(&token).await })
    })
    .await
}
