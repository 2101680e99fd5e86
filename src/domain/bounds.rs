//! Upper bounds for numbers that other systems supply and that control a loop, a timer or memory.

use std::time::Duration;

/// The longest accepted `Retry-After` of a webhook receiver, so that a bad header cannot lose the message.
pub const MAX_RETRY_AFTER: Duration = Duration::from_hours(6);

/// Maximum number of pages of people in one department: a million people.
pub const MAX_PAGES: u32 = 10_000;

/// Maximum number of departments that one full sync reads.
pub const MAX_DEPARTMENTS: usize = 100_000;
