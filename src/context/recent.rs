//! A value of the database that every page shows, kept in memory for a moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a value is shown before it is read again.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The value as last read by this process.
#[derive(Debug)]
pub struct Recent<T>(Mutex<Last<T>>);

#[derive(Debug)]
struct Last<T> {
    value: Option<(Instant, Arc<T>)>,
    /// How often the value was cleared: what was read before is not stored after.
    generation: u64,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::new(Last {
            value: None,
            generation: 0,
        }))
    }
}

impl<T> Recent<T> {
    /// Returns the value, at most a second old. Requests that find none at the same time all read it.
    pub async fn get<E>(&self, read: impl AsyncFnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let (fresh, generation) = self.fresh();
        if let Some(value) = fresh {
            return Ok(value);
        }
        let (read_at, value) = (Instant::now(), Arc::new(read().await?));
        let mut last = self.lock();
        if last.generation == generation {
            last.value = Some((read_at, Arc::clone(&value)));
        }
        Ok(value)
    }

    /// Makes the next call of [`Self::get`] read the value again.
    pub fn clear(&self) {
        let mut last = self.lock();
        last.value = None;
        last.generation += 1;
    }

    fn fresh(&self) -> (Option<Arc<T>>, u64) {
        let last = self.lock();
        let value = last.value.as_ref();
        let fresh = value.filter(|(read_at, _)| read_at.elapsed() < MAX_AGE);
        (fresh.map(|(_, value)| Arc::clone(value)), last.generation)
    }

    fn lock(&self) -> MutexGuard<'_, Last<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(recent: &Recent<u8>, value: u8) -> u8 {
        *recent.get(async || Ok::<_, ()>(value)).await.unwrap()
    }

    #[tokio::test]
    async fn a_value_is_read_again_when_it_is_cleared_and_an_error_is_not_kept() {
        let recent = Recent::default();
        assert_eq!(recent.get(async || Err::<u8, _>(7)).await, Err(7));
        assert_eq!(read(&recent, 1).await, 1);
        assert_eq!(read(&recent, 2).await, 1);
        recent.clear();
        assert_eq!(read(&recent, 3).await, 3);
    }

    #[tokio::test]
    async fn what_was_read_before_the_value_was_cleared_is_not_kept() {
        let recent = Recent::default();
        let read_meanwhile = recent.get(async || {
            recent.clear();
            Ok::<_, ()>(1)
        });
        assert_eq!(*read_meanwhile.await.unwrap(), 1);
        assert_eq!(read(&recent, 2).await, 2);
    }

    #[tokio::test]
    async fn a_value_of_a_second_ago_is_read_again() {
        let recent = Recent::default();
        assert_eq!(read(&recent, 1).await, 1);
        tokio::time::sleep(MAX_AGE + Duration::from_millis(50)).await;
        assert_eq!(read(&recent, 2).await, 2);
    }
}
