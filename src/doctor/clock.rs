//! Comparison of two clocks.

use super::Check;
use crate::text::commands::doctor::settings as texts;

const WARNING_MS: u64 = 10_000;
/// DingTalk rejects signatures that are a minute off; ours use its time, up to a quarter of an hour of difference.
const FAILURE_MS: u64 = 55_000;

/// The consequence of a clock difference.
pub struct Consequence {
    /// What goes wrong.
    pub what: &'static str,
    pub action: &'static str,
    /// Whether a large difference is a failure.
    pub may_fail: bool,
}

/// Compares another clock, which is this many milliseconds ahead of this machine's, with ours.
pub fn compare(name: &'static str, whose: &str, ahead_ms: i64, consequence: &Consequence) -> Check {
    let off = ahead_ms.unsigned_abs();
    let seconds = (off + 500) / 1000;
    let detail = texts::clock_differs(seconds, ahead_ms > 0, whose);
    if off <= WARNING_MS {
        let close = if seconds == 0 {
            texts::clock_agrees(whose)
        } else {
            detail
        };
        return Check::ok(name, close);
    }
    let detail = format!("{detail}: {}", consequence.what);
    if off >= FAILURE_MS && consequence.may_fail {
        Check::failure(name, detail, consequence.action)
    } else {
        Check::warning(name, detail, consequence.action)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    #[test]
    fn clocks_may_differ_by_ten_seconds_and_must_not_by_55_in_either_direction() {
        for (off, status) in [
            (0, Status::Ok),
            (10_000, Status::Ok),
            (10_001, Status::Warning),
            (54_999, Status::Warning),
            (55_000, Status::Failure),
        ] {
            for ahead in [off, -off] {
                let of = |may_fail| {
                    let consequence = Consequence {
                        what: "x",
                        action: "y",
                        may_fail,
                    };
                    compare("clock", "DingTalk", ahead, &consequence).status
                };
                assert_eq!(of(true), status, "{ahead}");
                assert_ne!(of(false), Status::Failure, "{ahead}");
            }
        }
        let words = |ahead| {
            let consequence = Consequence {
                what: "x",
                action: "y",
                may_fail: true,
            };
            compare("clock", "DingTalk", ahead, &consequence).detail
        };
        assert!(words(61_000).contains("is 61 s behind that of DingTalk"));
        assert!(words(-61_000).contains("is 61 s ahead of that of DingTalk"));
    }
}
