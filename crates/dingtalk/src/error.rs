//! Errors of calls to DingTalk, classified by how to handle them.

use std::time::Duration;

use crate::v1_codes;

/// Codes that any other request would meet too: no such API, credentials, company, authorisation, permission, IP
/// address, quota.
const OF_THE_APP: [i64; 10] = [
    22, 404, 40001, 40013, 40079, 40089, 40096, 60011, 60020, 90020,
];
/// Codes for what lies outside the app's scope: not authorised, person out of scope, department out of scope.
const OF_ITS_SCOPE: [i64; 3] = [43007, 50002, 50004];

/// Prefix, among the named codes, for a field that DingTalk withholds.
pub const WITHHELD: &str = "withheld:";

/// How a call to DingTalk failed. Never holds a URL, a code, a token or a response body.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum ApiError {
    /// No connection: the request was not sent.
    #[error("{api}: no connection to DingTalk")]
    Connect {
        /// The API called.
        api: &'static str,
    },
    /// The connection broke before the response was complete: the call may have been carried out.
    #[error("{api}: the connection to DingTalk broke")]
    Broken {
        /// The API called.
        api: &'static str,
    },
    /// No complete response in time: the call may or may not have been carried out.
    #[error("{api}: DingTalk did not answer in time")]
    Timeout {
        /// The API called.
        api: &'static str,
    },
    /// An HTTP status that no DingTalk response should have.
    #[error("{api}: DingTalk answered with HTTP {status}")]
    Http {
        /// The API called.
        api: &'static str,
        /// The status.
        status: u16,
    },
    /// DingTalk reports that this machine's IP address is banned for five minutes: status 1111.
    #[error("{api}: DingTalk has banned our address for five minutes")]
    Banned {
        /// The API called.
        api: &'static str,
    },
    /// A web page with HTTP status 200: DingTalk's gateway answers a banned IP address this way, and many proxies
    /// do so instead of returning an error.
    #[error(
        "{api}: a web page came in place of DingTalk's answer, as from a failing proxy or to a banned address"
    )]
    Page {
        /// The API called.
        api: &'static str,
    },
    /// DingTalk is busy (-1).
    #[error("{api}: DingTalk is busy")]
    Busy {
        /// The API called.
        api: &'static str,
    },
    /// Too many calls (90018, 90002 and related codes).
    #[error("{api}: DingTalk is throttling us ({code})")]
    Throttled {
        /// The API called.
        api: &'static str,
        /// DingTalk's code.
        code: i64,
        /// Remaining time, if DingTalk reports when the penalty ends; at most one minute.
        wait: Option<Duration>,
    },
    /// The access token is no longer accepted (40014, 42001).
    #[error("{api}: DingTalk rejects our access token ({code})")]
    TokenRejected {
        /// The API called.
        api: &'static str,
        /// DingTalk's code.
        code: i64,
    },
    /// DingTalk refuses with its own code.
    #[error("{api}: DingTalk refuses with {code} {message}")]
    Refused {
        /// The API called.
        api: &'static str,
        /// DingTalk's code.
        code: i64,
        /// DingTalk's message, truncated and without the request's secrets.
        message: String,
    },
    /// A newer API refuses, with a textual code and, if DingTalk names them, the missing permissions.
    #[error("{api}: DingTalk refuses with {code} {message}")]
    Denied {
        /// The API called.
        api: &'static str,
        /// The HTTP status.
        status: u16,
        /// DingTalk's code.
        code: String,
        /// The missing permissions.
        permissions: Vec<String>,
        /// DingTalk's message, truncated and without the request's secrets.
        message: String,
    },
    /// A response without a field that the app may read only with a permission.
    #[error("{api}: DingTalk's answer lacks {field}: the app lacks the permission {permission}")]
    Withheld {
        /// The API called.
        api: &'static str,
        /// The missing field.
        field: &'static str,
        /// The permission that the field needs.
        permission: &'static str,
    },
    /// A response that does not have the documented shape.
    #[error("{api}: DingTalk's answer lacks {what}")]
    Malformed {
        /// The API called.
        api: &'static str,
        /// What is missing from it.
        what: &'static str,
    },
    /// The requested record, with its id, but with this field missing or unreadable: the person or the department
    /// exists.
    #[error("{api}: DingTalk's record lacks a readable {field}")]
    BadRecord {
        /// The API called.
        api: &'static str,
        /// The field.
        field: &'static str,
    },
}

impl ApiError {
    /// Whether DingTalk is unreachable or too busy, so that a later attempt may succeed.
    pub fn is_unavailable(&self) -> bool {
        !matches!(
            self,
            Self::Refused { .. }
                | Self::TokenRejected { .. }
                | Self::Denied { .. }
                | Self::Withheld { .. }
        )
    }

    /// Whether DingTalk itself responded, rather than a gateway or nothing at all.
    pub fn is_from_dingtalk(&self) -> bool {
        self.code().is_some() || matches!(self, Self::Denied { .. })
    }

    /// Whether DingTalk rejects the time of a signature: more than a minute off its own. It checks the time
    /// before the code.
    pub fn is_wrong_time(&self) -> bool {
        matches!(self, Self::Refused { code: 853_002, .. })
    }

    /// Whether there was no response, only part of one, or one from a gateway: a retry may bring one.
    pub fn has_no_answer(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Broken { .. } | Self::Timeout { .. } => true,
            Self::Http { status, .. } => *status >= 500,
            Self::Malformed { what, .. } => *what == "JSON",
            _ => false,
        }
    }

    /// Returns DingTalk's own code, if it returned one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Throttled { code, .. }
            | Self::TokenRejected { code, .. }
            | Self::Refused { code, .. } => Some(*code),
            Self::Busy { .. } => Some(-1),
            _ => None,
        }
    }

    /// Returns DingTalk's own code as text. For a newer API this is its textual code followed by the missing
    /// permissions; for a withheld field it is [`WITHHELD`] and the field's name, followed by the permission.
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

    /// Whether DingTalk rejects the app, so that every other request would be refused as well.
    pub fn is_app_rejected(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if OF_THE_APP.contains(code))
    }

    /// Whether the cause of the refusal lies in DingTalk's console or in our settings, not in the person or
    /// department requested: once it is fixed there, the same request succeeds.
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

    /// Returns the name of the API that was called, for example `topapi/v2/user/get`.
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

    /// Whether DingTalk may have carried out the call although its response never arrived or was damaged.
    pub fn may_have_been_carried_out(&self) -> bool {
        match self {
            Self::Broken { .. }
            | Self::Timeout { .. }
            | Self::Malformed { .. }
            | Self::Page { .. } => true,
            // A gateway reports that the server behind it gave no good response.
            Self::Http { status, .. } => *status >= 500,
            _ => false,
        }
    }

    /// Whether DingTalk does not know the person (60121, or 33012 for an odd userid).
    pub fn is_unknown_person(&self) -> bool {
        match self {
            Self::Denied { code, .. } => v1_codes::is_unknown_person(code),
            _ => matches!(self.code(), Some(60121 | 33012)),
        }
    }

    /// Whether there is no such department (60003, or 40009 for an odd id).
    pub fn is_unknown_department(&self) -> bool {
        matches!(self.code(), Some(60003 | 40009))
    }

    /// Whether there is no such approval (820005, or 400002 and 40035 for an odd id).
    pub fn is_unknown_process_instance(&self) -> bool {
        self.api() == "topapi/processinstance/get"
            && matches!(self.code(), Some(820_005 | 400_002 | 40035))
    }

    /// Whether DingTalk reports that a one-time code is used, expired, forged or of another kind.
    pub fn is_spent_code(&self) -> bool {
        match self {
            Self::Denied {
                api, status, code, ..
            } => v1_codes::is_spent_code(api, *status, code),
            _ => matches!(
                self.code(),
                Some(40078 | 40102 | 41026 | 42007 | 42008 | 40035 | 400_002)
            ),
        }
    }
}
