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

/// Which id a person shares with a rejected case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchedId {
    Unionid,
    Userid,
}

impl MatchedId {
    /// Parses the name in the table.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "unionid" => Some(Self::Unionid),
            "userid" => Some(Self::Userid),
            _ => None,
        }
    }
}

/// Why a staff row might be the person who scanned, the strongest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchReason {
    /// DingTalk reports this row's userid for the person, and the row has no unionid yet.
    UseridWithoutUnionid,
    /// DingTalk reports this row's userid for the person, but the row has another unionid.
    UseridWithOtherUnionid,
    /// DingTalk reports this row's userid for the person, and the unionids match.
    SamePerson,
    /// The row has the unionid, and has left: perhaps the person was hired again.
    UnionidOfLeaver,
    /// The row has the unionid, is employed, and has another userid than the one that DingTalk reports.
    UnionidElsewhere,
    /// Only the name matches, which is chosen by the person who scans.
    SameName,
}
