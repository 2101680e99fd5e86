//! Wakes the lanes: when another process commits new work, and when something is due.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::back_off::BackOff;
use crate::context::Context;
use crate::store::StoreError;
use crate::store::queue::{self, DueWork, Notification, QueueConnection};

/// The interval between two polls of an instance without notifications while nothing is due. With the rare other
/// statements of an idle instance, that is less than one transaction a second.
const POLL: Duration = Duration::from_millis(1_050);
/// The same with notifications, where the polls find only what an instance left that has died, and a check of the due
/// times is a statement of its own. With the eight seconds of a lease, its work goes on within ten.
const SLOW_POLL: Duration = Duration::from_millis(1_400);
/// The shortest wait for an item that will be due: many may be due one after the other.
const MIN_WAIT: Duration = Duration::from_millis(100);
/// Time limit of a statement: a server that has gone silent is given up.
const TIMEOUT: Duration = Duration::from_millis(2_400);
/// The shortest interval between two announcements of new work.
const ANNOUNCEMENT_INTERVAL: Duration = Duration::from_millis(50);
/// How often due times are checked for a step back of Postgres's clock.
const POLLS_PER_RECALL: u32 = 4;
/// How long a connection that only polls is used before another attempt to listen.
const LISTEN_RETRY: Duration = Duration::from_secs(30);

/// Runs until the process stops; publishes what each poll has found.
pub async fn dispatch(
    ctx: Context,
    found: watch::Sender<Option<DueWork>>,
    stop: CancellationToken,
) {
    let mut back_off = BackOff::new("dispatcher");
    loop {
        let why = tokio::select! {
            served = AssertUnwindSafe(serve(&ctx, &found, &mut back_off)).catch_unwind() => match served {
                Ok(served) => served.err().map(|error| error.to_string()),
                Err(_panic) => Some("dispatcher panicked".to_owned()),
            },
            () = stop.cancelled() => return,
        };
        let Some(why) = why else { continue };
        // Postgres may have no session left for this connection, while the pool has its own.
        if let Ok(due) = ctx.db.read(async |conn| queue::due_work(conn).await).await {
            publish(&ctx, &found, due);
        }
        tokio::select! {
            () = back_off.failed(&why) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Serves one connection until it fails, or until it is time to try to listen.
async fn serve(
    ctx: &Context,
    found: &watch::Sender<Option<DueWork>>,
    back_off: &mut BackOff,
) -> Result<(), StoreError> {
    let mut conn = QueueConnection::open(&ctx.db).await?;
    let opened = Instant::now();
    let should_listen = !conn.is_listening() && ctx.db.can_listen();
    // Notifications may have been missed without a connection.
    ctx.work.wake_all();
    let interval = if conn.is_listening() { SLOW_POLL } else { POLL };
    for poll in 0_u32.. {
        let (due, recalled) = in_time(conn.poll(poll % POLLS_PER_RECALL == 1)).await?;
        back_off.succeeded();
        if recalled > 0 {
            tracing::warn!(
                rows = recalled,
                "due times lay too far ahead; Postgres's clock has stepped back"
            );
        }
        let wait = due
            .next_due_in
            .map_or(interval, |wait| wait.clamp(MIN_WAIT, interval));
        publish(ctx, found, due);
        listen_until(Instant::now() + wait, ctx, &mut conn).await?;
        if should_listen && opened.elapsed() > LISTEN_RETRY {
            break;
        }
    }
    Ok(())
}

/// Wakes the lanes with due items, and the jobs.
fn publish(ctx: &Context, found: &watch::Sender<Option<DueWork>>, due: DueWork) {
    for lane in &due.lanes {
        ctx.work.wake(*lane);
    }
    found.send_replace(Some(due));
}

/// Passes on notifications in both directions until it is time for the next poll.
async fn listen_until(
    next_poll: Instant,
    ctx: &Context,
    conn: &mut QueueConnection,
) -> Result<(), StoreError> {
    // An announcement that the poll before has interrupted is made now.
    let mut announce_at = ctx.work.is_unannounced().then(Instant::now);
    let mut last_announcement: Option<Instant> = None;
    loop {
        let announcing = announce_at.unwrap_or(next_poll);
        tokio::select! {
            notified = conn.notified() => match notified? {
                Notification::Work(lane) => ctx.work.wake(lane),
                Notification::Other => {}
            },
            () = ctx.work.has_announcements(), if announce_at.is_none() => {
                let now = Instant::now();
                announce_at = Some(last_announcement.map_or(now, |last| now.max(last + ANNOUNCEMENT_INTERVAL)));
            }
            () = sleep_until(announcing), if announce_at.is_some() => {
                announce_at = None;
                last_announcement = Some(Instant::now());
                let lanes = ctx.work.take_announcements();
                let announced = in_time(conn.announce(&lanes)).await;
                if announced.is_err() {
                    for lane in lanes {
                        ctx.work.announce(lane);
                    }
                }
                announced?;
            }
            () = sleep_until(next_poll) => return Ok(()),
        }
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(TIMEOUT, work)
        .await
        .unwrap_or(Err(StoreError::Unavailable(None)))
}
