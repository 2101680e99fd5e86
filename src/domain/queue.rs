//! The lanes of the queue.

use super::closed_set::closed_set;

closed_set! {
    /// One kind of queued work. Its text is also the payload that wakes the lane's workers.
    pub enum LaneName {
        /// Stored events whose people or departments have to be looked up.
        Events = "events",
        Rechecks = "rechecks",
        /// Bulk reviews.
        Reviews = "reviews",
        /// People under review who are looked up in DingTalk's directory.
        ReviewLookups = "review_lookups",
        /// Recorded changes of staff rows that are not webhook messages yet.
        StaffChanges = "staff_changes",
        /// Webhook messages without a body.
        WebhookPayloads = "webhook_payloads",
        /// Webhook messages to be sent.
        WebhookDeliveries = "webhook_deliveries",
    }
}
