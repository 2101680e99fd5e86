//! What can go wrong in a call to DingTalk, told apart by what to do about it.

use super::callback_registration::RegistrationError;
use super::v1;
use std::time::Duration;

/// Refusals that every other question would meet too: no such interface, credentials, company,
/// authorisation, permission, address, quota.
const OF_THE_APP: [i64; 10] = [
    22, 404, 40001, 40013, 40079, 40089, 40096, 60011, 60020, 90020,
];
/// Refusals of what lies outside of what the app was given to see: not authorised for it, a person and a
/// department out of its scope.
const OF_ITS_SCOPE: [i64; 3] = [43007, 50002, 50004];

/// What the name of a field that DingTalk withholds begins with, among the named codes.
pub const WITHHELD: &str = "withheld:";

/// How a call to DingTalk failed. Never holds an address, a code, a token or an answer's body.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum ApiError {
    /// No connection: nothing was asked.
    #[error("{api}: no connection to DingTalk")]
    Connect { api: &'static str },
    /// The connection broke before the answer was whole: the call may have been carried out.
    #[error("{api}: the connection to DingTalk broke")]
    Broken { api: &'static str },
    /// No whole answer in time: the call may or may not have been carried out.
    #[error("{api}: DingTalk did not answer in time")]
    Timeout { api: &'static str },
    /// An HTTP status that no DingTalk answer should have.
    #[error("{api}: DingTalk answered with HTTP {status}")]
    Http { api: &'static str, status: u16 },
    /// DingTalk says that this machine's address is banned for five minutes: status 1111.
    #[error("{api}: DingTalk has banned our address for five minutes")]
    Banned { api: &'static str },
    /// A web page inside HTTP 200: so answers DingTalk's gateway to a banned address, and many a proxy in
    /// place of an error.
    #[error(
        "{api}: a web page came in place of DingTalk's answer, as from a failing proxy or to a banned address"
    )]
    Page { api: &'static str },
    /// DingTalk is busy (-1).
    #[error("{api}: DingTalk is busy")]
    Busy { api: &'static str },
    /// Too many calls (90018, 90002 and their kin).
    #[error("{api}: DingTalk is throttling us ({code})")]
    Throttled {
        api: &'static str,
        code: i64,
        /// For how long yet, where DingTalk has said when the penalty ends; a minute at most.
        wait: Option<Duration>,
    },
    /// The access token is no longer accepted (40014, 42001).
    #[error("{api}: DingTalk rejects our access token ({code})")]
    TokenRejected { api: &'static str, code: i64 },
    /// DingTalk refuses with a code of its own.
    #[error("{api}: DingTalk refuses with {code} {message}")]
    Refused {
        api: &'static str,
        code: i64,
        message: String,
    },
    /// A newer interface refuses, with a code in words and, where DingTalk names them, the permissions
    /// that are missing.
    #[error("{api}: DingTalk refuses with {code} {message}")]
    Denied {
        api: &'static str,
        /// The HTTP status.
        status: u16,
        code: String,
        permissions: Vec<String>,
        message: String,
    },
    /// An answer without a field that the app may read only with a permission.
    #[error("{api}: DingTalk's answer lacks {field}: the app lacks the permission {permission}")]
    Withheld {
        api: &'static str,
        field: &'static str,
        permission: &'static str,
    },
    /// An answer that does not have the documented shape.
    #[error("{api}: DingTalk's answer lacks {what}")]
    Malformed {
        api: &'static str,
        what: &'static str,
    },
    /// The very record that was asked for, with its id, but without this field, or with one that cannot
    /// be read: the person or the department is there.
    #[error("{api}: DingTalk's record lacks a readable {lack}")]
    BadRecord {
        api: &'static str,
        lack: &'static str,
    },
}

impl ApiError {
    /// Whether DingTalk is out of reach or too busy for us, so that a later try may succeed.
    pub fn is_unavailable(&self) -> bool {
        !matches!(
            self,
            Self::Refused { .. }
                | Self::TokenRejected { .. }
                | Self::Denied { .. }
                | Self::Withheld { .. }
        )
    }

    /// Whether DingTalk itself has answered, and not a gateway or nobody.
    pub fn is_from_dingtalk(&self) -> bool {
        self.code().is_some() || matches!(self, Self::Denied { .. })
    }

    /// Whether DingTalk refuses the time of a signature, more than a minute off its own. It looks at the time
    /// before it looks at the code.
    pub fn is_wrong_time(&self) -> bool {
        matches!(self, Self::Refused { code: 853_002, .. })
    }

    /// Whether nobody has answered, or a gateway, or only half an answer came: asking again may bring one.
    pub fn has_no_answer(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Broken { .. } | Self::Timeout { .. } => true,
            Self::Http { status, .. } => *status >= 500,
            Self::Malformed { what, .. } => *what == "JSON",
            _ => false,
        }
    }

    /// DingTalk's own code, where it gave one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Throttled { code, .. }
            | Self::TokenRejected { code, .. }
            | Self::Refused { code, .. } => Some(*code),
            Self::Busy { .. } => Some(-1),
            _ => None,
        }
    }

    /// DingTalk's own code as text; a newer interface's is in words, with the missing permissions behind. For a
    /// field that was withheld, [`WITHHELD`] and its name, with the permission behind.
    pub fn named_code(&self) -> Option<String> {
        match self {
            Self::Denied {
                code, permissions, ..
            } => {
                let words = std::iter::once(code).chain(permissions);
                Some(words.map(String::as_str).collect::<Vec<_>>().join(" "))
            }
            Self::Withheld {
                field, permission, ..
            } => Some(format!("{WITHHELD}{field} {permission}")),
            _ => self.code().map(|code| code.to_string()),
        }
    }

    /// Whether DingTalk refuses the app, so that every other question would be refused as well.
    pub fn is_app_rejected(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if OF_THE_APP.contains(code))
    }

    /// Whether DingTalk refuses us for a reason that lies in its console or in our settings, and not in
    /// the person or the department that is asked about: once it is mended there, the same question is
    /// answered.
    pub fn is_misconfiguration(&self) -> bool {
        match self {
            Self::TokenRejected { .. } => true,
            Self::Refused { api, code, .. } => {
                *api == "gettoken" || self.is_app_rejected() || OF_ITS_SCOPE.contains(code)
            }
            _ => false,
        }
    }

    /// Whether DingTalk refuses because the person or the department lies outside the app's contact scope.
    pub fn is_out_of_scope(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                code: 50002 | 50004,
                ..
            }
        )
    }

    /// The name of the interface that was called, for example `topapi/v2/user/get`.
    pub fn api(&self) -> &'static str {
        match self {
            Self::Connect { api }
            | Self::Broken { api }
            | Self::Timeout { api }
            | Self::Http { api, .. }
            | Self::Banned { api }
            | Self::Page { api }
            | Self::Withheld { api, .. }
            | Self::Busy { api }
            | Self::Throttled { api, .. }
            | Self::TokenRejected { api, .. }
            | Self::Refused { api, .. }
            | Self::Denied { api, .. }
            | Self::Malformed { api, .. }
            | Self::BadRecord { api, .. } => api,
        }
    }

    /// Whether DingTalk may have carried the call out although its answer never came, or came spoilt.
    pub fn may_have_been_carried_out(&self) -> bool {
        match self {
            Self::Broken { .. }
            | Self::Timeout { .. }
            | Self::Malformed { .. }
            | Self::Page { .. } => true,
            // A gateway's word that what stands behind it gave no good answer.
            Self::Http { status, .. } => *status >= 500,
            _ => false,
        }
    }

    /// What DingTalk complains of about a callback, where its code speaks of one.
    pub fn registration_error(&self) -> Option<RegistrationError> {
        self.code().and_then(RegistrationError::of)
    }

    /// Whether DingTalk says that it does not know the person (60121, or 33012 for an odd userid).
    pub fn is_unknown_person(&self) -> bool {
        match self {
            Self::Denied { code, .. } => v1::is_unknown_person(code),
            _ => matches!(self.code(), Some(60121 | 33012)),
        }
    }

    /// Whether DingTalk says that there is no such department (60003, or 40009 for an odd id).
    pub fn is_unknown_department(&self) -> bool {
        matches!(self.code(), Some(60003 | 40009))
    }

    /// Whether DingTalk says that there is no such approval (820005, or 400002 and 40035 for an odd id).
    pub fn is_unknown_process_instance(&self) -> bool {
        self.api() == "topapi/processinstance/get"
            && matches!(self.code(), Some(820_005 | 400_002 | 40035))
    }

    /// Whether DingTalk says that a one-time code is used up, too old, forged or of another kind.
    pub fn is_spent_code(&self) -> bool {
        match self {
            Self::Denied {
                api, status, code, ..
            } => v1::is_spent_code(api, *status, code),
            _ => matches!(
                self.code(),
                Some(40078 | 40102 | 41026 | 42007 | 42008 | 40035 | 400_002)
            ),
        }
    }
}
