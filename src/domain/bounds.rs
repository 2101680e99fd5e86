//! Floors and ceilings for numbers that other systems name: whatever controls a loop, a timer or memory
//! stays within them.

use std::time::Duration;

/// A floor and a ceiling, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds<T> {
    floor: T,
    ceiling: T,
}

impl<T: Copy + PartialOrd> Bounds<T> {
    pub const fn new(floor: T, ceiling: T) -> Self {
        Self { floor, ceiling }
    }

    pub const fn ceiling(&self) -> T {
        self.ceiling
    }

    /// Returns the value, or the bound that it exceeds.
    pub fn clamp(&self, value: T) -> T {
        if value < self.floor {
            self.floor
        } else if value > self.ceiling {
            self.ceiling
        } else {
            value
        }
    }

    pub fn contains(&self, value: T) -> bool {
        self.floor <= value && value <= self.ceiling
    }
}

impl Bounds<Duration> {
    /// Returns so many seconds as a duration within the bounds; a negative number is the floor.
    pub fn of_seconds(&self, seconds: i64) -> Duration {
        self.clamp(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }

    /// Returns so many milliseconds as a duration within the bounds; a negative number is the floor.
    pub fn of_millis(&self, millis: i64) -> Duration {
        self.clamp(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
    }
}

/// How long an access token is used, whatever `gettoken` says of it. DingTalk rejects one that ends sooner,
/// and it is then fetched again; 2 h is the documented lifetime.
pub const TOKEN_LIFETIME: Bounds<Duration> =
    Bounds::new(Duration::from_mins(1), Duration::from_hours(2));

/// How long an API is held back because DingTalk has said when its throttling ends.
pub const THROTTLE_WAIT: Bounds<Duration> = Bounds::new(Duration::ZERO, Duration::from_mins(1));

/// How long a webhook receiver may make us wait by `Retry-After`: a mistake of its must not cost the message.
pub const RETRY_AFTER: Bounds<Duration> = Bounds::new(Duration::ZERO, Duration::from_hours(6));

/// By how many milliseconds DingTalk's clock may be ahead of ours, or behind, to be believed.
pub const CLOCK_OFFSET_MS: Bounds<i64> = Bounds::new(-15 * 60 * 1000, 15 * 60 * 1000);

/// Moments of a record, in Unix milliseconds: 1900 to 2999. Postgres and chrono agree on these.
pub const MOMENT_MS: Bounds<i64> = Bounds::new(-2_208_988_800_000, 32_503_679_999_999);

/// How many bytes of one answer of DingTalk's are read; no answer that we ask for is near this size.
pub const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// How many characters of a name are kept: an index entry of Postgres holds no more than 2,700 bytes.
pub const MAX_NAME_CHARS: usize = 200;

/// How many characters of any other text of a record are kept.
pub const MAX_TEXT_CHARS: usize = 2_000;

/// How many pages of people one department may have: a million people.
pub const MAX_PAGES: u32 = 10_000;

/// How many departments one full sync reads.
pub const MAX_DEPARTMENTS: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_seconds_leaves_the_bounds() {
        for (seconds, wanted) in [
            (i64::MIN, 60),
            (-1, 60),
            (0, 60),
            (59, 60),
            (61, 61),
            (7200, 7200),
            (7201, 7200),
            (1_000_000_000_000_000, 7200),
            (i64::MAX, 7200),
        ] {
            let lifetime = TOKEN_LIFETIME.of_seconds(seconds);
            assert_eq!(lifetime.as_secs(), wanted, "{seconds}");
        }
        assert_eq!(THROTTLE_WAIT.of_millis(-5), Duration::ZERO);
        assert_eq!(THROTTLE_WAIT.of_millis(i64::MAX), Duration::from_mins(1));
    }

    #[test]
    fn the_bounds_themselves_are_within() {
        assert!(CLOCK_OFFSET_MS.contains(900_000) && CLOCK_OFFSET_MS.contains(-900_000));
        assert!(!CLOCK_OFFSET_MS.contains(900_001) && !CLOCK_OFFSET_MS.contains(-900_001));
        assert!(!CLOCK_OFFSET_MS.contains(i64::MIN));
        assert_eq!(MOMENT_MS.clamp(i64::MAX), 32_503_679_999_999);
    }
}
