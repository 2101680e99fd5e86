//! What to do about a rejection by DingTalk, by its code, in both languages: the same text in the administrators'
//! banner and in `dinggate doctor`.

pub use crate::dingtalk::error::WITHHELD;

/// One or two sentences, in Chinese and in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remediation {
    pub zh: String,
    pub en: String,
}

/// Returns the remediation for an API's error code.
pub fn of(api: &str, code: i64) -> Remediation {
    match code {
        60011 | 43007 => match permission(api) {
            Some(permission) => grant(permission),
            None => plain(SOME_PERMISSION),
        },
        40001 | 40089 | 40096 => plain(CREDENTIALS),
        853_001 | 853_002 => plain(CLOCK),
        853_003 | 853_004 => plain(LOGIN_APP),
        60020 => plain(ADDRESS),
        50002 | 50004 => plain(SCOPE),
        40079 => plain(AUTHORISE),
        40013 => plain(CORP),
        90020 => plain(QUOTA),
        _ => plain(OTHER),
    }
}

/// Returns the remediation for an error code of either API generation, numeric or textual, and for the permissions
/// that DingTalk has named, if any.
pub fn of_named(api: &str, code: &str, permissions: &str) -> Remediation {
    let lower = code.to_ascii_lowercase();
    let meanings = [
        ("accesstokenpermissiondenied", 60011),
        ("ipnotinwhitelist", 60020),
        ("apicountlimit", 90020),
    ];
    let meant = meanings.iter().find(|(words, _)| lower.contains(words));
    let number = meant.map_or_else(|| code.parse().unwrap_or_default(), |(_, number)| *number);
    match number {
        60011 | 43007 if !permissions.is_empty() => grant(permissions),
        _ if lower.starts_with(WITHHELD) => grant(permissions),
        _ if lower.contains("invalidclientidorsecret") => plain(SIGN_IN_APP),
        number => of(api, number),
    }
}

impl Remediation {
    /// Returns whether it says more than where to look the code up.
    pub fn is_known(&self) -> bool {
        *self != plain(OTHER)
    }
}

/// Returns the remediation for a missing permission, by its name in the developer console.
pub fn grant(permission: &str) -> Remediation {
    Remediation {
        zh: format!("请在钉钉开放平台的“权限管理”中为应用开通权限 {permission}。"),
        en: format!(
            "Grant the app the permission {permission} in DingTalk’s developer console (开发配置 › 权限管理)."
        ),
    }
}

type Pair = (&'static str, &'static str);

const CREDENTIALS: Pair = (
    "应用的 AppKey 或 AppSecret 不正确，请检查 DINGTALK_APP_KEY 和 DINGTALK_APP_SECRET。",
    "The app’s key or secret is wrong: check DINGTALK_APP_KEY and DINGTALK_APP_SECRET.",
);
const CLOCK: Pair = (
    "服务器时钟与钉钉相差过大，无法自动校正，请校准服务器时间。",
    "The server’s clock is too far off to be corrected by DingTalk’s: set it right, for example with NTP.",
);
const LOGIN_APP: Pair = (
    "扫码登录应用的 appId 或 appSecret 不正确，请检查 DINGTALK_LOGIN_APP_ID 和 DINGTALK_LOGIN_APP_SECRET。",
    "The login app’s id or secret is wrong: check DINGTALK_LOGIN_APP_ID and DINGTALK_LOGIN_APP_SECRET.",
);
const SIGN_IN_APP: Pair = (
    "登录所用应用的凭证不正确，请检查 DINGTALK_LOGIN_APP_ID 和 DINGTALK_LOGIN_APP_SECRET；未设置时，请检查 DINGTALK_APP_KEY 和 DINGTALK_APP_SECRET。",
    "The id or secret of the app that people sign in with is wrong: check DINGTALK_LOGIN_APP_ID and DINGTALK_LOGIN_APP_SECRET or, where these are not set, DINGTALK_APP_KEY and DINGTALK_APP_SECRET.",
);
const ADDRESS: Pair = (
    "请在钉钉开放平台的“服务器出口 IP”中加入本服务器的公网 IP。",
    "Add this server’s public address to the app’s list of server IPs in DingTalk’s developer console (开发配置 › 安全设置 › 服务器出口IP).",
);
const SOME_PERMISSION: Pair = (
    "请在钉钉开放平台的“权限管理”中为应用开通调用该接口所需的权限。",
    "Grant the app the permission that this interface needs in DingTalk’s developer console (开发配置 › 权限管理).",
);
const SCOPE: Pair = (
    "有人员或部门不在应用的通讯录权限范围内，请在钉钉开放平台把范围改为“全部员工”。",
    "Somebody, or some department, lies outside the app’s contact scope: set the scope to all employees (全部员工) in DingTalk’s developer console (开发配置 › 权限管理 › 权限范围).",
);
const AUTHORISE: Pair = (
    "企业尚未授权该应用，请由钉钉管理员授权。",
    "The company has not authorised the app: let a DingTalk administrator do so.",
);
const CORP: Pair = (
    "企业的 CorpId 不正确，请检查 DINGTALK_CORP_ID。",
    "The company’s CorpId is wrong: check DINGTALK_CORP_ID.",
);
const QUOTA: Pair = (
    "本月的接口调用次数已经用完，请购买更多额度，或等到下个月。",
    "This month’s calls are used up: buy more from DingTalk, or wait for the next month.",
);
const OTHER: Pair = (
    "请在钉钉的错误码说明中查找原因。",
    "Look the code up in DingTalk’s list of error codes.",
);

fn plain((zh, en): Pair) -> Remediation {
    Remediation {
        zh: zh.to_owned(),
        en: en.to_owned(),
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
