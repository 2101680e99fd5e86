//! The reasons for refusing a login, and the cases that an administrator reviews.

use super::closed_set::closed_set;

closed_set! {
    /// Why a person identified by DingTalk is refused.
    pub enum Refusal {
        /// In the company, but not (or not under this userid) in the staff table.
        PendingReview = "pending_review",
        /// The person has left, or DingTalk no longer knows a person in the staff table.
        Left = "left",
        /// Not a member of this company, or an external contact.
        NotEmployee = "not_employee",
        /// An administrator has rejected this person.
        Rejected = "rejected",
    }
}

impl Refusal {
    /// The reasons for a case: who was rejected has one already.
    pub const OF_CASES: [Self; 3] = [Self::PendingReview, Self::Left, Self::NotEmployee];
}

closed_set! {
    /// The state of a case.
    pub enum CaseState {
        Waiting = "waiting",
        Approved = "approved",
        Rejected = "rejected",
        /// An event or a sync made the person employed before anybody decided.
        Closed = "closed",
    }
}

closed_set! {
    /// What a person who waits for a review may know.
    pub enum ReviewState {
        Waiting = "waiting",
        Approved = "approved",
        Declined = "declined",
    }
}

impl From<CaseState> for ReviewState {
    fn from(state: CaseState) -> Self {
        match state {
            CaseState::Waiting => Self::Waiting,
            // A person who became employed before anybody decided can sign in, too.
            CaseState::Approved | CaseState::Closed => Self::Approved,
            CaseState::Rejected => Self::Declined,
        }
    }
}

closed_set! {
    /// Who is bound by a rejection.
    pub enum DecisionScope {
        /// The person, under the unionid and the userid of the case.
        Person = "person",
        /// The account alone: its unionid.
        Account = "account",
    }
}

closed_set! {
    /// What the person of a case is in DingTalk's directory.
    pub enum Standing {
        /// A member of the company.
        Member = "member",
        /// An external contact.
        External = "external",
        /// Not in the directory.
        Unlisted = "unlisted",
    }
}

closed_set! {
    /// Which id a person shares with a rejected case.
    pub enum MatchedId {
        Unionid = "unionid",
        Userid = "userid",
    }
}

closed_set! {
    /// What a bulk job does with each case.
    pub enum ReviewAction {
        Approve = "approve",
        Reject = "reject",
        Reopen = "reopen",
    }
}

closed_set! {
    /// Whether a person of a bulk job has an outcome.
    pub enum ItemState {
        Waiting = "waiting",
        Done = "done",
        Refused = "refused",
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
