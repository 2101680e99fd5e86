//! Webhook messages for the company's own systems.

use super::closed_set::closed_set;

closed_set! {
    /// The state of a message.
    pub enum DeliveryState {
        Waiting = "waiting",
        Delivered = "delivered",
        Failed = "failed",
    }
}

closed_set! {
    /// Why an attempt to deliver a message failed.
    pub enum DeliveryError {
        /// The receiver redirects.
        Redirect = "redirect",
        /// The receiver wants no more messages (410).
        Gone = "gone",
        /// Any other status of the receiver.
        Status = "status",
        /// The receiver did not respond in time.
        Timeout = "timeout",
        /// The receiver cannot be reached.
        Connect = "connect",
        /// DingTalk did not return the details of an approval.
        DingTalk = "dingtalk",
        /// The event was dropped for its age before the message was rendered.
        EventDropped = "event_dropped",
    }
}

closed_set! {
    /// The types of messages about review cases.
    pub enum ReviewMessage {
        /// Somebody waits for a review; once per case, and never about outsiders.
        Waiting = "review.waiting",
        /// An administrator has decided about a case.
        Decided = "review.decided",
    }
}

closed_set! {
    /// The types of messages about people; a message about an event has DingTalk's type of the event.
    pub enum StaffMessage {
        Added = "staff.added",
        Changed = "staff.changed",
        Returned = "staff.returned",
        Left = "staff.left",
    }
}
