//! What administrators are alerted to.

use std::fmt;

use super::closed_set::closed_set;

closed_set! {
    /// Why the directory is doubtful, until a complete sync resolves it.
    pub enum DirectoryDoubt {
        /// The last full sync was not successful; the detail is `<run>:<state>`.
        Sync = "directory:sync",
        /// A run has found changes that no event had announced; the detail is `<run>:<count>`.
        Unannounced = "directory:unannounced",
        /// DingTalk's list of events that it could not deliver was not empty; the detail is the number of entries.
        FailedEvents = "directory:failed_events",
        /// One of DingTalk's responses was lost, together with the events in it; the detail is why.
        LostEvents = "directory:lost_events",
    }
}

closed_set! {
    /// A problem that an administrator may dismiss.
    pub enum Problem {
        /// Too many people became unknown to DingTalk within a day; the detail is how many.
        LeaverLimit = "unknown_people_brake",
        /// Unionids of employed people conflict; the detail is the number of people waiting.
        UnionidConflict = "unionid_conflict",
        /// A message was given up; the detail is the last error.
        WebhookFailed = "webhook:failed",
    }
}

/// The kind of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertKind {
    /// DingTalk refuses calls to the API of this name; the detail is its error code.
    Misconfigured(String),
    Problem(Problem),
    Directory(DirectoryDoubt),
}

const MISCONFIGURED: &str = "misconfigured:";

impl AlertKind {
    /// Returns the kind with this text, or `None` if there is no such kind.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(api) = text.strip_prefix(MISCONFIGURED) {
            return (!api.is_empty()).then(|| Self::Misconfigured(api.to_owned()));
        }
        let doubt = DirectoryDoubt::parse(text).map(Self::Directory);
        doubt.or_else(|| Problem::parse(text).map(Self::Problem))
    }
}

impl From<DirectoryDoubt> for AlertKind {
    fn from(doubt: DirectoryDoubt) -> Self {
        Self::Directory(doubt)
    }
}

impl From<Problem> for AlertKind {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl fmt::Display for AlertKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misconfigured(api) => write!(f, "{MISCONFIGURED}{api}"),
            Self::Problem(problem) => f.write_str(problem.as_str()),
            Self::Directory(doubt) => f.write_str(doubt.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_parsed_from_its_text() {
        let doubts = DirectoryDoubt::ALL.map(AlertKind::from);
        let problems = Problem::ALL.map(AlertKind::from);
        let refused = [AlertKind::Misconfigured("topapi/v2/user/get".to_owned())];
        for kind in doubts.into_iter().chain(problems).chain(refused) {
            assert_eq!(AlertKind::parse(&kind.to_string()), Some(kind));
        }
        for unknown in ["", "misconfigured:", "directory:", "another"] {
            assert_eq!(AlertKind::parse(unknown), None, "{unknown}");
        }
    }
}
