//! The reasons for refusing a login, and the cases that an administrator reviews.

/// Why a person identified by DingTalk is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// An administrator has rejected this person.
    Rejected,
    /// The person has left, or DingTalk no longer knows a person in the staff table.
    Left,
    /// Not a member of this company, or an external contact.
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

    /// Returns the refusal's name in URLs, responses, the log and the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Left => "left",
            Self::NotEmployee => "not_employee",
            Self::PendingReview => "pending_review",
        }
    }
}

/// The state of a case.
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
