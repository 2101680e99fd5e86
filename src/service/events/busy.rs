//! Who is being looked at by this process.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::ids::UserId;

/// Keeps two workers of one process from asking about the same person at once.
#[derive(Debug, Default)]
pub struct Busy {
    people: Mutex<HashSet<UserId>>,
    freed: Notify,
}

/// The right to look at one person; ends when dropped.
pub(super) struct Alone {
    busy: Arc<Busy>,
    userid: UserId,
}

impl Busy {
    /// Waits until nobody else looks at this person.
    pub(super) async fn enter(self: &Arc<Self>, userid: &UserId) -> Alone {
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            // From here on no ring is missed, even one before the wait below.
            freed.as_mut().enable();
            if self.people().insert(userid.clone()) {
                return Alone {
                    busy: Arc::clone(self),
                    userid: userid.clone(),
                };
            }
            freed.await;
        }
    }

    fn people(&self) -> MutexGuard<'_, HashSet<UserId>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.busy.people().remove(&self.userid);
        self.busy.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_person_is_looked_at_by_one_worker_at_a_time() {
        let busy = Arc::new(Busy::default());
        let (one, other) = (
            UserId::parse("one").unwrap(),
            UserId::parse("other").unwrap(),
        );
        let first = busy.enter(&one).await;
        let _elsewhere = busy.enter(&other).await;
        assert!(
            timeout(Duration::from_millis(20), busy.enter(&one))
                .await
                .is_err()
        );
        let waiting = tokio::spawn({
            let (busy, one) = (Arc::clone(&busy), one.clone());
            async move { drop(busy.enter(&one).await) }
        });
        tokio::task::yield_now().await;
        drop(first);
        timeout(Duration::from_secs(5), waiting)
            .await
            .unwrap()
            .unwrap();
    }
}
