//! The retry schedule of messages.

use std::time::Duration;

use crate::domain::bounds::MAX_RETRY_AFTER;

/// How long a message is retried, counted from when it was stored or queued again by hand.
pub(super) const RETRY_WINDOW: Duration = Duration::from_hours(3 * 24);

const FIRST_WAITS: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(1),
];
const LATER_WAIT: Duration = Duration::from_hours(3);

/// Returns the delay after this many attempts, with 20 % jitter, so that messages that failed together do not all
/// come back at once; longer if the receiver asks for it, within bounds.
pub(super) fn wait_after(attempts: i32, retry_after: Option<Duration>) -> Duration {
    let place = usize::try_from(attempts - 1).unwrap_or(0);
    let wait = FIRST_WAITS.get(place).copied().unwrap_or(LATER_WAIT);
    let wait = wait.mul_f64(rand::random_range(0.8..=1.2));
    retry_after.map_or(wait, |least| wait.max(least.min(MAX_RETRY_AFTER)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_seconds_to_hours() {
        for (attempts, wanted) in [
            (0, 5),
            (1, 5),
            (2, 30),
            (3, 120),
            (4, 600),
            (5, 1800),
            (6, 3600),
            (7, 10_800),
            (40, 10_800),
        ] {
            let wait = wait_after(attempts, None).as_secs_f64();
            let wanted = f64::from(wanted);
            assert!(
                (wanted * 0.79..wanted * 1.21).contains(&wait),
                "{attempts}: {wait}"
            );
        }
    }

    #[test]
    fn the_receivers_wish_lengthens_the_wait_within_bounds() {
        for (attempts, wish, wanted) in [
            (1, 0, 4..=6),
            (1, 7, 7..=7),
            (3, 7, 96..=144),
            (9, 0, 8640..=12_960),
            (9, u64::MAX, 6 * 3600..=6 * 3600),
        ] {
            let wait = wait_after(attempts, Some(Duration::from_secs(wish)));
            assert!(
                wanted.contains(&wait.as_secs()),
                "{attempts} {wish}: {wait:?}"
            );
        }
    }
}
