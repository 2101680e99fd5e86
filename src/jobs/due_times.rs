//! Corrects due times that are too far ahead because Postgres's clock was set back.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::poll_loop::PollLoop;
use crate::context::Context;
use crate::store::{StoreError, due};

const POLL: Duration = Duration::from_secs(2);

pub(super) async fn run(ctx: Context, stop: CancellationToken) {
    let rounds = PollLoop {
        name: "due times",
        pause: POLL,
        bell: None,
        stop: &stop,
    };
    rounds
        .run(&ctx, || async { recall(&ctx).await.map(|()| false) })
        .await;
}

async fn recall(ctx: &Context) -> Result<(), StoreError> {
    let rows = ctx.db.read(async |conn| due::recall(conn).await).await?;
    if rows > 0 {
        tracing::warn!(
            rows,
            "due times lay too far ahead; Postgres's clock has stepped back"
        );
        ctx.work.notify_one();
    }
    Ok(())
}
