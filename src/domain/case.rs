//! The refusals of a login and the cases that an administrator reviews.

/// Why somebody whom DingTalk has named is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// An administrator has rejected this person.
    Rejected,
    /// The person has left, or DingTalk no longer knows one whom the table holds.
    Left,
    /// Nobody in this company, or an external contact.
    NotEmployee,
    /// In the company, but not (or not under this userid) in the staff table.
    PendingReview,
}

impl Refusal {
    pub const ALL: [Self; 4] = [
        Self::PendingReview,
        Self::Left,
        Self::NotEmployee,
        Self::Rejected,
    ];

    /// The name under which the refusal stands in addresses, answers, the log and the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Left => "left",
            Self::NotEmployee => "not_employee",
            Self::PendingReview => "pending_review",
        }
    }
}

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseState {
    Waiting,
    Approved,
    Rejected,
    /// An event or a sync made the person employed before anybody decided.
    Closed,
}

impl CaseState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Closed => "closed",
        }
    }
}
