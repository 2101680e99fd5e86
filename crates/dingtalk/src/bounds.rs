//! Lower and upper bounds for numbers that other systems supply: whatever controls a loop, a timer or memory is
//! clamped to them.

use std::time::Duration;

/// A lower and an upper bound, both inclusive.
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

    /// Returns the value, clamped to the bounds.
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
    /// Returns this many seconds as a duration within the bounds; a negative number yields the lower bound.
    pub fn of_seconds(&self, seconds: i64) -> Duration {
        self.clamp(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }

    /// Returns this many milliseconds as a duration within the bounds; a negative number yields the lower bound.
    pub fn of_millis(&self, millis: i64) -> Duration {
        self.clamp(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
    }
}

/// How long an access token is used, whatever `gettoken` says. DingTalk rejects one that expires sooner, and it is
/// then fetched again; 2 h is the documented lifetime.
pub const TOKEN_LIFETIME: Bounds<Duration> =
    Bounds::new(Duration::from_mins(1), Duration::from_hours(2));

/// How long an API is blocked because DingTalk has said when its throttling ends.
pub const THROTTLE_WAIT: Bounds<Duration> = Bounds::new(Duration::ZERO, Duration::from_mins(1));

/// The accepted offset of DingTalk's clock from ours, in milliseconds.
pub const CLOCK_OFFSET_MS: Bounds<i64> = Bounds::new(-15 * 60 * 1000, 15 * 60 * 1000);

/// Times in a record, in Unix milliseconds: 1900 to 2999, a range in which databases and chrono agree.
pub const MOMENT_MS: Bounds<i64> = Bounds::new(-2_208_988_800_000, 32_503_679_999_999);

/// Maximum size in bytes of a DingTalk response; no response that we request comes near it.
pub const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// Maximum length of a name in characters.
pub const MAX_NAME_CHARS: usize = 200;

/// Maximum length in characters of any other text of a record.
pub const MAX_TEXT_CHARS: usize = 2_000;

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
