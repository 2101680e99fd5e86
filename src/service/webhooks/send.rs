//! Sends messages whose body is rendered.

use crate::domain::webhook::DeliveryError;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::message_lane::{Message, MessageLane};
use super::receiver::{DeliveryResult, Receiver};
use super::{record_attempt, retry, schedule};
use crate::context::Context;
use crate::domain::queue::LaneName;
use crate::service::queue::{Outcome, PlainError};
use crate::store::webhook::{self, DeliveryAttempt, DeliveryEnd, ReadyDelivery};
use crate::store::{Conn, StoreError};

/// The lane of messages to be sent.
pub type DeliveryLane = MessageLane<ReadyDelivery>;

impl Message for ReadyDelivery {
    const LANE: LaneName = LaneName::WebhookDeliveries;
    type Tools = Arc<Receiver>;

    fn id(&self) -> i64 {
        self.id
    }

    async fn claim(conn: &mut Conn, instance: Uuid, limit: i64) -> Result<Vec<Self>, StoreError> {
        webhook::claim_due(conn, instance, limit).await
    }

    fn process(
        self,
        ctx: Context,
        receiver: Arc<Receiver>,
    ) -> BoxFuture<'static, Outcome<PlainError>> {
        async move { send(&ctx, &receiver, &self).await }.boxed()
    }
}

async fn send(ctx: &Context, receiver: &Receiver, message: &ReadyDelivery) -> Outcome<PlainError> {
    let began = Instant::now();
    let result = receiver.post(message).await;
    let duration = began.elapsed();
    let (status, error, end) = delivery_end(result, message.attempts);
    let attempt = DeliveryAttempt {
        duration,
        status,
        error,
    };
    record_attempt(ctx, message.id, attempt, end).await
}

/// Returns the status, the error and the end of an attempt.
fn delivery_end(
    result: DeliveryResult,
    attempts: i32,
) -> (Option<u16>, Option<DeliveryError>, DeliveryEnd) {
    match result {
        DeliveryResult::Yes { status } => (Some(status), None, DeliveryEnd::Delivered),
        DeliveryResult::Never { status } => {
            (Some(status), Some(DeliveryError::Gone), DeliveryEnd::Failed)
        }
        DeliveryResult::NotNow {
            status,
            error,
            retry_after,
        } => {
            let wait = schedule::wait_after(attempts, retry_after);
            (Some(status), Some(error), retry(wait))
        }
        DeliveryResult::NoAnswer { error } => {
            let wait = schedule::wait_after(attempts, None);
            (None, Some(error), retry(wait))
        }
    }
}
