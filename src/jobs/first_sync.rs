//! The initial full sync of an empty staff table.

use crate::domain::sync::SyncCause;
use std::time::Duration;

use crate::store::Conn;
use tokio_util::sync::CancellationToken;

use super::shutdown_grace;
use crate::context::Context;
use crate::service::directory_sync::{self, Request, State, SyncError};
use crate::store::sync_list::{self, SyncFilter as Runs};
use crate::store::{StoreError, staff};

/// Delays after unsuccessful runs; the last one applies to all further runs.
const WAITS: [Duration; 4] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_mins(1),
    Duration::from_mins(5),
];

/// How often to check whether the run of another process has ended, or the process has died.
const WHILE_ANOTHER_RUNS: Duration = Duration::from_secs(1);

/// After this many incomplete runs the cause is not transient.
const MAX_PARTIAL: u32 = 4;

/// The outcome of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FirstSync {
    /// There are people in the table.
    Filled,
    Partial,
    Failed,
    /// Another process is running a sync.
    NotOurs,
    /// Postgres did not answer whether a first sync is due.
    Untold,
}

/// Fills an empty staff table, retrying as often as needed. A person added by a login meanwhile does not end it:
/// whether it is due is checked only at the start, and after another process's run.
pub(super) async fn run(ctx: Context, stop: CancellationToken) {
    let (mut asks_first, mut partial) = (true, 0);
    let mut waits = WAITS.iter().copied();
    let mut last_wait = Duration::ZERO;
    loop {
        let outcome = tokio::select! {
            // On shutdown the run itself ends at once.
            outcome = fill(&ctx, asks_first) => outcome,
            () = shutdown_grace(&stop) => return,
        };
        partial += u32::from(outcome == FirstSync::Partial);
        if outcome == FirstSync::Filled || partial >= MAX_PARTIAL {
            return;
        }
        asks_first = matches!(outcome, FirstSync::NotOurs | FirstSync::Untold);
        let wait = if outcome == FirstSync::NotOurs {
            WHILE_ANOTHER_RUNS
        } else {
            last_wait = waits.next().unwrap_or(last_wait);
            last_wait
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn fill(ctx: &Context, asks_first: bool) -> FirstSync {
    if asks_first {
        match is_due(ctx).await {
            Ok(true) => {}
            Ok(false) => return FirstSync::Filled,
            Err(error) => {
                tracing::warn!(%error, "could not determine whether a first sync is due");
                return FirstSync::Untold;
            }
        }
    }
    sync(ctx).await
}

async fn sync(ctx: &Context) -> FirstSync {
    let request = Request {
        cause: SyncCause::Empty,
        started_by: "system".to_owned(),
        dry_run: false,
        accept_leavers: false,
    };
    match directory_sync::run(ctx, request, &mut |_| {}).await {
        Ok(summary) => match summary.state {
            State::Done | State::Stopped => FirstSync::Filled,
            State::Partial => FirstSync::Partial,
            State::Failed => FirstSync::Failed,
        },
        Err(SyncError::AlreadyRunning { .. }) => FirstSync::NotOurs,
        Err(error) => {
            tracing::warn!(%error, "first sync failed; retrying");
            FirstSync::Failed
        }
    }
}

async fn is_due(ctx: &Context) -> Result<bool, StoreError> {
    ctx.db
        .read(async |conn| Ok(staff::is_empty(conn).await? || was_cut_off(conn).await?))
        .await
}

/// Returns whether a process started to fill the table and died before the whole company was read: an event or a
/// login may have added the first people meanwhile.
async fn was_cut_off(conn: &mut Conn) -> Result<bool, StoreError> {
    let begun = Runs {
        cause: Some(SyncCause::Empty),
        ..Runs::default()
    };
    if sync_list::count(conn, &begun).await? == 0 {
        return Ok(false);
    }
    for state in [State::Done, State::Stopped, State::Partial] {
        let ended = Runs {
            state: Some(state.into()),
            ..Runs::default()
        };
        if sync_list::count(conn, &ended).await? > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
