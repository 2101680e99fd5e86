//! Why a decision fails.

use crate::domain::ids::UserId;
use crate::service::admins::ActError;
use crate::store::StoreError;
use crate::upstream::UpstreamError;

/// Why a valid decision cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RejectedDecision {
    #[error("the case has been decided already")]
    NotWaiting,
    #[error("the case is waiting already")]
    StillWaiting,
    #[error("DingTalk does not list the person as a member of the company")]
    NotListed,
    #[error("DingTalk lists the person as an external contact")]
    External,
    #[error("DingTalk returns for the member {0} another unionid")]
    OtherUnionid(UserId),
    #[error("{0} was marked as left by an administrator")]
    Held(UserId),
    #[error("the person left after DingTalk was asked")]
    LeftMeanwhile,
    #[error("the employed {0} has this unionid")]
    UnionidTaken(UserId),
    #[error("there is no staff row {0}")]
    NoSuchRow(String),
    #[error("the staff row {0} has this unionid already")]
    HasThisUnionid(UserId),
    #[error("DingTalk says that the person is {0}")]
    SomebodyElse(UserId),
    #[error("the person was rejected in case {0}")]
    RejectedElsewhere(i64),
    #[error("the person is not rejected, or only under this account")]
    NotLimitable,
    #[error("nobody else could administer")]
    LastAdministrator,
    #[error("only administrators decide about administrators")]
    AboutAdministrator,
    #[error("nobody decides about themselves")]
    AboutSelf,
}

impl RejectedDecision {
    /// Returns the name under which the reason is stored in the table of bulk jobs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotWaiting => "not_waiting",
            Self::StillWaiting => "still_waiting",
            Self::NotListed => "not_listed",
            Self::External => "external",
            Self::OtherUnionid(_) => "other_unionid",
            Self::Held(_) => "held",
            Self::LeftMeanwhile => "left_meanwhile",
            Self::UnionidTaken(_) => "unionid_taken",
            Self::NoSuchRow(_) => "no_such_row",
            Self::HasThisUnionid(_) => "has_this_unionid",
            Self::SomebodyElse(_) => "somebody_else",
            Self::RejectedElsewhere(_) => "rejected_elsewhere",
            Self::NotLimitable => "not_limitable",
            Self::LastAdministrator => "last_administrator",
            Self::AboutAdministrator => "about_administrator",
            Self::AboutSelf => "about_self",
        }
    }

    /// Returns the userid that the reason concerns.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::OtherUnionid(userid)
            | Self::Held(userid)
            | Self::UnionidTaken(userid)
            | Self::HasThisUnionid(userid)
            | Self::SomebodyElse(userid) => Some(userid.as_str()),
            Self::NoSuchRow(asked) => Some(asked),
            Self::NotWaiting
            | Self::StillWaiting
            | Self::NotListed
            | Self::External
            | Self::LeftMeanwhile
            | Self::RejectedElsewhere(_)
            | Self::NotLimitable
            | Self::LastAdministrator
            | Self::AboutAdministrator
            | Self::AboutSelf => None,
        }
    }
}

/// Why a review failed.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Upstream(UpstreamError),
    #[error("there is no such case")]
    NotFound,
    #[error("a reason of 1 to 500 characters is needed")]
    Reason,
    #[error(transparent)]
    Refused(#[from] RejectedDecision),
    #[error("the actor no longer has the right")]
    NoLongerAllowed,
}

impl From<ActError> for ReviewError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::NoLongerAllowed => Self::NoLongerAllowed,
            ActError::OutOfScope => Self::NotFound,
            ActError::AboutAdministrator => RejectedDecision::AboutAdministrator.into(),
            ActError::AboutSelf => RejectedDecision::AboutSelf.into(),
            ActError::Store(error) => Self::Store(error),
        }
    }
}

impl From<UpstreamError> for ReviewError {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Store(error) => Self::Store(error),
            error => Self::Upstream(error),
        }
    }
}
