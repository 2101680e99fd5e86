//! One deadline for all that a request asks of Postgres.

use std::time::Duration;

use tokio::time::Instant;

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Runs the work with a limit on the time that all its pieces of database work may take together. An
/// inner deadline counts if it comes sooner.
pub async fn with_deadline<T>(limit: Duration, work: impl Future<Output = T>) -> T {
    let limit = remaining().map_or(limit, |left| left.min(limit));
    DEADLINE.scope(Instant::now() + limit, work).await
}

/// Returns the time until the deadline of the current task; `None` where it has none.
pub(super) fn remaining() -> Option<Duration> {
    let now = Instant::now();
    DEADLINE
        .try_with(|deadline| deadline.saturating_duration_since(now))
        .ok()
}
