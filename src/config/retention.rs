//! How long stored data is kept.

use std::time::Duration;

use super::reader::Reader;
use super::{setting, value};

/// How long stored data is kept, by kind.
#[derive(Debug, Clone, Copy)]
pub struct RetentionConfig {
    /// Bodies of events, and of the delivered webhook messages that repeat them.
    pub events: Duration,
    /// Undecided review cases after the last attempt, and finished bulk decisions.
    pub reviews: Duration,
    /// Webhook messages with their attempts.
    pub webhooks: Duration,
    /// Plans of full syncs.
    pub syncs: Duration,
}

impl RetentionConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let events = reader.value(&setting::RETENTION_EVENTS, value::retention);
        let reviews = reader.value(&setting::RETENTION_REVIEWS, value::retention);
        let webhooks = reader.value(&setting::RETENTION_WEBHOOKS, value::retention);
        let syncs = reader.value(&setting::RETENTION_SYNCS, value::retention);
        Some(Self {
            events: events?,
            reviews: reviews?,
            webhooks: webhooks?,
            syncs: syncs?,
        })
    }
}
