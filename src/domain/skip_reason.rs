//! The reasons for which a full sync skips a record.

use std::borrow::Cow;

/// Why a record was skipped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// An administrator has marked the person as left.
    Held,
    /// The person has left, and a partial run cannot revert that.
    HasLeft,
    /// Another employed row has the unionid.
    UnionidShared,
    /// No department lists the person, but DingTalk still knows them when asked.
    StillKnown,
    /// DingTalk knows the person again when asked after an administrator's approval.
    KnownAgain,
    /// DingTalk's record lacks this field, or has it in an unreadable format.
    BadRecord(Cow<'static, str>),
    /// Postgres rejected the record.
    NotStored,
    /// An event or a recheck has updated the person since the plan was built.
    Superseded,
}

impl SkipReason {
    /// The reasons that have no field.
    pub const PLAIN: [Self; 7] = [
        Self::Held,
        Self::HasLeft,
        Self::UnionidShared,
        Self::StillKnown,
        Self::KnownAgain,
        Self::NotStored,
        Self::Superseded,
    ];

    /// Returns the reason's code in the table.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::HasLeft => "has_left",
            Self::UnionidShared => "unionid_shared",
            Self::StillKnown => "still_known",
            Self::KnownAgain => "known_again",
            Self::BadRecord(_) => "bad_record",
            Self::NotStored => "not_stored",
            Self::Superseded => "overtaken",
        }
    }

    /// Returns the name of the field that DingTalk's record lacks, if that is the reason.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::BadRecord(field) => Some(field),
            _ => None,
        }
    }

    /// Returns the reason with this code and field, or `None` if there is no such reason.
    pub fn from_code(code: &str, field: Option<String>) -> Option<Self> {
        match field {
            Some(field) => (code == "bad_record").then(|| Self::BadRecord(field.into())),
            None => Self::PLAIN.into_iter().find(|reason| reason.code() == code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_read_as_it_was_written() {
        let bad = SkipReason::BadRecord("name".into());
        for reason in SkipReason::PLAIN.into_iter().chain([bad]) {
            let field = reason.field().map(str::to_owned);
            assert_eq!(SkipReason::from_code(reason.code(), field), Some(reason));
        }
    }

    #[test]
    fn what_is_no_reason_is_refused() {
        for (code, field) in [("", None), ("bad_record", None), ("held", Some("name"))] {
            let read = SkipReason::from_code(code, field.map(str::to_owned));
            assert_eq!(read, None, "{code} {field:?}");
        }
    }
}
