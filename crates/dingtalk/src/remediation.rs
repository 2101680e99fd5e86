//! What has to be done about a rejection by DingTalk, derived from its code.

use crate::error::WITHHELD;

/// The remediation of a rejection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remediation {
    /// Grant the app this permission, as the developer console names it.
    GrantPermission(String),
    /// Grant the app the permission that the API needs, whose name is not known here.
    GrantSomePermission,
    /// Correct the key and secret of the internal app.
    CorrectCredentials,
    /// Correct the server's clock.
    CorrectClock,
    /// Correct the id and secret of the scan-login app.
    CorrectLoginApp,
    /// Correct the id and secret of the app that people sign in with in the newer flow.
    CorrectSignInApp,
    /// Add the server's public IP to the app's list.
    AllowServerIp,
    /// Widen the app's contact scope to all employees.
    WidenScope,
    /// Have the company authorise the app.
    AuthoriseApp,
    /// Correct the `CorpId`.
    CorrectCorpId,
    /// Buy more calls, or wait for the next month.
    RaiseQuota,
    /// Nothing is known about the code.
    LookUpCode,
}

impl Remediation {
    /// Returns the remediation for an API's numeric error code.
    pub fn of(api: &str, code: i64) -> Self {
        match code {
            60011 | 43007 => permission(api).map_or(Self::GrantSomePermission, |name| {
                Self::GrantPermission(name.to_owned())
            }),
            40001 | 40089 | 40096 => Self::CorrectCredentials,
            853_001 | 853_002 => Self::CorrectClock,
            853_003 | 853_004 => Self::CorrectLoginApp,
            60020 => Self::AllowServerIp,
            50002 | 50004 => Self::WidenScope,
            40079 => Self::AuthoriseApp,
            40013 => Self::CorrectCorpId,
            90020 => Self::RaiseQuota,
            _ => Self::LookUpCode,
        }
    }

    /// Returns the remediation for an error code of either API generation, numeric or textual, and for the
    /// permissions that DingTalk has named, if any.
    pub fn of_named(api: &str, code: &str, permissions: &str) -> Self {
        let lower = code.to_ascii_lowercase();
        let meanings = [
            ("accesstokenpermissiondenied", 60011),
            ("ipnotinwhitelist", 60020),
            ("apicountlimit", 90020),
        ];
        let meant = meanings.iter().find(|(words, _)| lower.contains(words));
        let number = meant.map_or_else(|| code.parse().unwrap_or_default(), |(_, number)| *number);
        match number {
            60011 | 43007 if !permissions.is_empty() => {
                Self::GrantPermission(permissions.to_owned())
            }
            _ if lower.starts_with(WITHHELD) => Self::GrantPermission(permissions.to_owned()),
            _ if lower.contains("invalidclientidorsecret") => Self::CorrectSignInApp,
            number => Self::of(api, number),
        }
    }

    /// Returns whether it says more than where to look the code up.
    pub fn is_known(&self) -> bool {
        *self != Self::LookUpCode
    }
}

/// Returns the permission that an API needs, as the developer console names it.
fn permission(api: &str) -> Option<&'static str> {
    match api {
        "topapi/v2/user/get" | "topapi/user/getbyunionid" => Some("qyapi_get_member"),
        "topapi/v2/department/get" | "topapi/v2/department/listsub" => {
            Some("qyapi_get_department_list")
        }
        "topapi/v2/user/list" => Some("qyapi_get_department_member"),
        "topapi/v2/user/getuserinfo" | "call_back/get_call_back_failed_result" => {
            Some("qyapi_base")
        }
        "sns/getuserinfo_bycode" | "v1.0/oauth2/userAccessToken" => Some("open_app_api_base"),
        "v1.0/contact/users/me" => Some("Contact.User.Read"),
        _ => None,
    }
}
