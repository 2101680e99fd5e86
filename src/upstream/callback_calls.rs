//! Calls that manage the registered callback, and the one that fetches failed callbacks.

use dingtalk::callback_registration::{
    DELETE, FAILED, FailedPage, REGISTER, RegisteredCallback, SHOW, UPDATE,
};

use super::{DingTalk, Idempotency, Priority, UpstreamError, call};

/// An operator waits for these, and failed callbacks are join, change and leave events: they come right after
/// logins. There are a few of them an hour.
const PRIORITY: Priority = Priority::Join;
/// Except for the query, these calls have an effect.
const EFFECT: Idempotency = Idempotency::NotIdempotent;

impl DingTalk {
    /// Registers a callback; DingTalk tests its URL before it responds.
    pub async fn register_callback(
        &self,
        wanted: &RegisteredCallback,
    ) -> Result<(), UpstreamError> {
        let client = &self.0.client;
        call(self, PRIORITY, REGISTER, EFFECT, |token| {
            Box::pin(async move { client.register_callback(&token, wanted).await })
        })
        .await
    }

    /// Returns the registered callback.
    pub async fn registered_callback(&self) -> Result<RegisteredCallback, UpstreamError> {
        let client = &self.0.client;
        call(self, PRIORITY, SHOW, Idempotency::Idempotent, |token| {
            Box::pin(async move { client.callback(&token).await })
        })
        .await
    }

    /// Replaces the registered callback; DingTalk tests the new URL before it responds.
    pub async fn update_callback(&self, wanted: &RegisteredCallback) -> Result<(), UpstreamError> {
        let client = &self.0.client;
        call(self, PRIORITY, UPDATE, EFFECT, |token| {
            Box::pin(async move { client.update_callback(&token, wanted).await })
        })
        .await
    }

    /// Deletes the registered callback.
    pub async fn delete_callback(&self) -> Result<(), UpstreamError> {
        let client = &self.0.client;
        call(self, PRIORITY, DELETE, EFFECT, |token| {
            Box::pin(async move { client.delete_callback(&token).await })
        })
        .await
    }

    /// Fetches the next page of failed callbacks. DingTalk forgets what the previous call has returned, so this call
    /// is made once, whatever its result.
    pub async fn failed_events(&self) -> Result<FailedPage, UpstreamError> {
        let client = &self.0.client;
        call(self, PRIORITY, FAILED, EFFECT, |token| {
            Box::pin(async move { client.failed_events(&token).await })
        })
        .await
    }
}
