//! The loops that send webhooks to the company's own systems.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::POLL;
use super::poll_loop::PollLoop;
use crate::context::Context;
use crate::service::webhooks::{self, Receiver};

/// Starts the loops; none if no webhook is configured.
pub(super) fn start(loops: &mut JoinSet<()>, ctx: &Context, stop: &CancellationToken) {
    let Some(config) = &ctx.config.webhook else {
        return;
    };
    let receiver = match Receiver::new(config) {
        Ok(receiver) => receiver,
        Err(error) => {
            tracing::error!(%error, "could not build the webhook HTTP client; deliveries are on hold");
            return;
        }
    };
    // Notified when a message's body has been rendered.
    let made = Arc::new(Notify::new());
    loops.spawn(gather(ctx.clone(), Arc::clone(&made), stop.clone()));
    loops.spawn(make(ctx.clone(), Arc::clone(&made), stop.clone()));
    loops.spawn(send(ctx.clone(), receiver, made, stop.clone()));
}

async fn gather(ctx: Context, made: Arc<Notify>, stop: CancellationToken) {
    let rounds = rounds("changes of the staff", None, &stop);
    rounds
        .run(&ctx, || async {
            let gathered = webhooks::collect(&ctx).await?;
            if gathered {
                made.notify_one();
            }
            Ok(gathered)
        })
        .await;
}

async fn make(ctx: Context, made: Arc<Notify>, stop: CancellationToken) {
    let rounds = rounds("bodies of webhooks", None, &stop);
    rounds
        .run(&ctx, || async {
            let has_made = webhooks::render(&ctx, &stop).await?;
            if has_made {
                made.notify_one();
            }
            Ok(has_made)
        })
        .await;
}

async fn send(ctx: Context, receiver: Receiver, made: Arc<Notify>, stop: CancellationToken) {
    let rounds = rounds("webhooks", Some(&made), &stop);
    rounds
        .run(&ctx, || webhooks::send(&ctx, &receiver, &stop))
        .await;
}

fn rounds<'a>(
    name: &'static str,
    bell: Option<&'a Notify>,
    stop: &'a CancellationToken,
) -> PollLoop<'a> {
    PollLoop {
        name,
        pause: POLL,
        bell,
        stop,
    }
}
