//! The workers of the queue's lanes.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::service::events::{EventLane, KeyedMutex, RecheckLane};
use crate::service::queue;
use crate::service::review::{LookupLane, ReviewLane};
use crate::service::webhooks::{ChangeLane, DeliveryLane, PayloadLane, Receiver};

/// Starts the workers; those of webhooks only if a webhook is configured.
pub(super) fn start(loops: &mut JoinSet<()>, ctx: &Context, stop: &CancellationToken) {
    let locks = Arc::new(KeyedMutex::default());
    let events = {
        let (ctx, locks, stop) = (ctx.clone(), Arc::clone(&locks), stop.clone());
        move || EventLane::new(&ctx, &locks, &stop)
    };
    loops.spawn(queue::run(ctx.clone(), events, stop.clone()));
    let rechecks = {
        let (ctx, stop) = (ctx.clone(), stop.clone());
        move || RecheckLane::new(&ctx, &locks, &stop)
    };
    loops.spawn(queue::run(ctx.clone(), rechecks, stop.clone()));
    let reviews = {
        let ctx = ctx.clone();
        move || ReviewLane::new(&ctx)
    };
    loops.spawn(queue::run(ctx.clone(), reviews, stop.clone()));
    let lookups = {
        let (ctx, stop) = (ctx.clone(), stop.clone());
        move || LookupLane::new(&ctx, &stop)
    };
    loops.spawn(queue::run(ctx.clone(), lookups, stop.clone()));
    start_webhooks(loops, ctx, stop);
}

fn start_webhooks(loops: &mut JoinSet<()>, ctx: &Context, stop: &CancellationToken) {
    let Some(config) = &ctx.config.webhook else {
        return;
    };
    let receiver = match Receiver::new(config) {
        Ok(receiver) => Arc::new(receiver),
        Err(error) => {
            tracing::error!(%error, "could not build the webhook HTTP client; deliveries are on hold");
            return;
        }
    };
    let changes = {
        let ctx = ctx.clone();
        move || ChangeLane::new(&ctx)
    };
    loops.spawn(queue::run(ctx.clone(), changes, stop.clone()));
    let payloads = {
        let (ctx, stop) = (ctx.clone(), stop.clone());
        move || PayloadLane::new(&ctx, &(), &stop)
    };
    loops.spawn(queue::run(ctx.clone(), payloads, stop.clone()));
    let deliveries = {
        let (ctx, stop) = (ctx.clone(), stop.clone());
        move || DeliveryLane::new(&ctx, &receiver, &stop)
    };
    loops.spawn(queue::run(ctx.clone(), deliveries, stop.clone()));
}
