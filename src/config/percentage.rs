//! A percentage.

use std::fmt;

/// A share from 0 % to 100 %, stored exactly, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentage {
    millionths: u32,
}

const WHOLE: u32 = 1_000_000;
/// Decimals of a percentage that millionths can hold.
const DECIMALS: usize = 4;
/// Up to this many leavers are always allowed: in a small company a few people are a large share.
const ALWAYS_ALLOWED: i64 = 5;

impl Percentage {
    /// Parses `10%` or `2.5%`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("{text:?} is not a percentage from 0% to 100% with at most {DECIMALS} decimals")
        };
        Self::read(text).ok_or_else(wrong)
    }

    fn read(text: &str) -> Option<Self> {
        let number = text.strip_suffix('%')?.trim_end();
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let is_digits =
            |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(part) || part.len() > DECIMALS {
            return None;
        }
        let millionths = format!("{whole}{part:0<DECIMALS$}").parse().ok()?;
        (millionths <= WHOLE).then_some(Self { millionths })
    }

    /// Whether this many leavers, out of this many employed people, are more than five and more than this share.
    pub fn is_exceeded_by(self, leavers: i64, employed: i64) -> bool {
        let are_leaving = i128::from(leavers) * i128::from(WHOLE);
        let may_leave = i128::from(employed) * i128::from(self.millionths);
        leavers > ALWAYS_ALLOWED && are_leaving > may_leave
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.millionths / 10_000, self.millionths % 10_000);
        let part = format!("{part:0DECIMALS$}");
        match part.trim_end_matches('0') {
            "" => write!(f, "{whole}%"),
            part => write!(f, "{whole}.{part}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_as_it_was_read() {
        for (text, shown) in [
            ("10%", "10%"),
            ("0%", "0%"),
            ("100%", "100%"),
            ("2.50%", "2.5%"),
            ("0.0001 %", "0.0001%"),
        ] {
            assert_eq!(Percentage::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn anything_else_is_no_share() {
        for bad in [
            "10",
            "%",
            "101%",
            "100.0001%",
            "-1%",
            "+1%",
            "1e1%",
            "1.%",
            ".5%",
            "0.00001%",
            "99999999999%",
            "十%",
        ] {
            assert!(Percentage::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_leaver_threshold_needs_more_than_five_people_and_more_than_the_percentage() {
        let tenth = Percentage::parse("10%").unwrap();
        assert!(
            !tenth.is_exceeded_by(5, 5),
            "five people are never too many"
        );
        assert!(tenth.is_exceeded_by(6, 6));
        assert!(
            !tenth.is_exceeded_by(6, 60),
            "a tenth is not more than a tenth"
        );
        assert!(tenth.is_exceeded_by(6, 59));
        assert!(tenth.is_exceeded_by(101, 1000));
        assert!(
            !Percentage::parse("100%")
                .unwrap()
                .is_exceeded_by(1000, 1000)
        );
        assert!(
            Percentage::parse("0%")
                .unwrap()
                .is_exceeded_by(6, 1_000_000)
        );
        assert!(!tenth.is_exceeded_by(0, 0));
        assert!(tenth.is_exceeded_by(i64::MAX, i64::MAX));
    }
}
