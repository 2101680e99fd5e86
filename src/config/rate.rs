//! A rate: count per duration.

use std::time::Duration;

/// A number of occurrences per period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub count: u32,
    pub per: Duration,
}

/// Ten times as many must still fit the number type.
const MOST: u32 = 100_000_000;

impl Rate {
    /// Parses `120/m`: a number, and `s`, `m` or `h`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a number per s, m or h");
        let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => return Err(wrong()),
        };
        let is_plain = count.bytes().all(|byte| byte.is_ascii_digit());
        match count.parse() {
            Ok(count @ 1..=MOST) if is_plain => Ok(Self {
                count,
                per: Duration::from_secs(seconds),
            }),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_in_a_second_a_minute_or_an_hour() {
        let rate = |count, seconds| {
            Ok(Rate {
                count,
                per: Duration::from_secs(seconds),
            })
        };
        assert_eq!(Rate::parse("120/m"), rate(120, 60));
        assert_eq!(Rate::parse("5/s"), rate(5, 1));
        assert_eq!(Rate::parse("1000/h"), rate(1000, 3600));
    }

    #[test]
    fn anything_else_is_no_rate() {
        for bad in [
            "120",
            "0/m",
            "/m",
            "120/d",
            "120/",
            "-1/m",
            "+1/m",
            "1.5/m",
            "120 /m",
            "99999999999/m",
        ] {
            assert!(Rate::parse(bad).is_err(), "{bad}");
        }
    }
}
