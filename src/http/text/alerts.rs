//! What administrators read while something stands in the way, and what to do about it.

use super::{fill, texts};
use crate::http::lang::Lang;

texts! {
    /// Sentences of the banner above the administrators' pages.
    pub struct AlertTexts {
        refused: "钉钉拒绝了接口 {api} 的调用（错误码 {code}）。{hint}" | "DingTalk refuses calls to {api} with code {code}. {hint}";
        credentials: "应用的 AppKey 或 AppSecret 不正确，请检查 DINGTALK_APP_KEY 和 DINGTALK_APP_SECRET。"
            | "The app’s key or secret is wrong: check DINGTALK_APP_KEY and DINGTALK_APP_SECRET.";
        clock: "服务器时钟不准，误差不能超过一分钟，请校准服务器时间。"
            | "The server’s clock is off by more than a minute: set it right, for example with NTP.";
        login_app: "扫码登录应用的 appId 或 appSecret 不正确，请检查 DINGTALK_LOGIN_APP_ID 和 DINGTALK_LOGIN_APP_SECRET。"
            | "The login app’s id or secret is wrong: check DINGTALK_LOGIN_APP_ID and DINGTALK_LOGIN_APP_SECRET.";
        sign_in_app: "登录所用应用的凭证不正确，请检查 DINGTALK_LOGIN_APP_ID 和 DINGTALK_LOGIN_APP_SECRET；未设置时，请检查 DINGTALK_APP_KEY 和 DINGTALK_APP_SECRET。"
            | "The id or secret of the app that people sign in with is wrong: check DINGTALK_LOGIN_APP_ID and DINGTALK_LOGIN_APP_SECRET or, where these are not set, DINGTALK_APP_KEY and DINGTALK_APP_SECRET.";
        address: "请在钉钉开放平台的“服务器出口 IP”中加入本服务器的公网 IP。"
            | "Add this server’s public address to the app’s list of server IPs in DingTalk’s developer console.";
        permission: "请在钉钉开放平台的“权限管理”中为应用开通权限 {permission}。"
            | "Grant the app the permission {permission} in DingTalk’s developer console.";
        some_permission: "请在钉钉开放平台的“权限管理”中为应用开通调用该接口所需的权限。"
            | "Grant the app the permission that this interface needs in DingTalk’s developer console.";
        scope: "有人员或部门不在应用的通讯录权限范围内，请在钉钉开放平台把范围改为“全部员工”。"
            | "Somebody, or some department, lies outside the app’s contact scope: set the scope to all employees in DingTalk’s developer console.";
        authorise: "企业尚未授权该应用，请由钉钉管理员授权。"
            | "The company has not authorised the app: let a DingTalk administrator do so.";
        corp: "企业的 CorpId 不正确，请检查 DINGTALK_CORP_ID。"
            | "The company’s CorpId is wrong: check DINGTALK_CORP_ID.";
        quota: "本月的接口调用次数已经用完，请购买更多额度，或等到下个月。"
            | "This month’s calls are used up: buy more from DingTalk, or wait for the next month.";
        other: "请在钉钉的错误码说明中查找原因。" | "Look the code up in DingTalk’s list of error codes.";
        brake: "24 小时内已有 {count} 名员工在钉钉中查不到，疑似通讯录权限有误，因此暂停标记离职。请检查应用的通讯录权限范围；确认无误后运行 dinggate sync。"
            | "Within 24 hours DingTalk has stopped knowing {count} of the staff. That looks like a fault, so nobody more is marked as left. Check the app’s contact scope, and run dinggate sync once it is right.";
        unnamed: "发现问题：{kind}（{detail}）。请查看日志。" | "There is a problem: {kind} ({detail}). The log says more.";
    }
}

/// One sentence or two about an alert: what happens, and what to do about it.
pub fn alert_text(lang: Lang, kind: &str, detail: &str) -> String {
    let t = AlertTexts::of(lang);
    if kind == "unknown_people_brake" {
        return fill(t.brake, &[("count", &detail)]);
    }
    match kind.strip_prefix("misconfigured:") {
        Some(api) => {
            // Behind a code in words stand the permissions that DingTalk names.
            let (code, permissions) = detail.split_once(' ').unwrap_or((detail, ""));
            let hint = hint(t, api, code, permissions);
            fill(
                t.refused,
                &[("api", &api), ("code", &code), ("hint", &hint)],
            )
        }
        None => fill(t.unnamed, &[("kind", &kind), ("detail", &detail)]),
    }
}

/// What to do about DingTalk’s code.
fn hint(t: &AlertTexts, api: &str, code: &str, permissions: &str) -> String {
    let named = Some(permissions).filter(|named| !named.is_empty());
    let fixed = match older(code) {
        "40001" | "40089" | "40096" => t.credentials,
        "853001" | "853002" => t.clock,
        "853003" | "853004" => t.login_app,
        "invalidClientIdOrSecret" => t.sign_in_app,
        "60020" => t.address,
        "50002" | "50004" => t.scope,
        "40079" => t.authorise,
        "40013" => t.corp,
        "90020" => t.quota,
        "60011" | "43007" => match named.or(permission(api)) {
            Some(permission) => return fill(t.permission, &[("permission", &permission)]),
            None => t.some_permission,
        },
        _ => t.other,
    };
    fixed.to_owned()
}

/// The older interfaces' number for a code in words that means the same; any other code as it is.
fn older(code: &str) -> &str {
    let lower = code.to_ascii_lowercase();
    let meanings = [
        ("accesstokenpermissiondenied", "60011"),
        ("ipnotinwhitelist", "60020"),
        ("apicountlimit", "90020"),
        ("invalidclientidorsecret", "invalidClientIdOrSecret"),
    ];
    let known = meanings.iter().find(|(words, _)| lower.contains(words));
    known.map_or(code, |(_, number)| number)
}

/// The permission that an interface needs, as the developer console names it.
fn permission(api: &str) -> Option<&'static str> {
    match api {
        "topapi/v2/user/get" | "topapi/user/getbyunionid" => Some("qyapi_get_member"),
        "topapi/v2/department/get" | "topapi/v2/department/listsub" => {
            Some("qyapi_get_department_list")
        }
        "topapi/v2/user/list" => Some("qyapi_get_department_member"),
        "topapi/v2/user/getuserinfo" => Some("qyapi_base"),
        "sns/getuserinfo_bycode" | "v1.0/oauth2/userAccessToken" => Some("open_app_api_base"),
        "v1.0/contact/users/me" => Some("Contact.User.Read"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_code_says_what_to_mend() {
        for (api, code, word) in [
            ("gettoken", "40096", "DINGTALK_APP_KEY"),
            (
                "sns/getuserinfo_bycode",
                "853004",
                "DINGTALK_LOGIN_APP_SECRET",
            ),
            ("sns/getuserinfo_bycode", "853002", "clock"),
            ("topapi/v2/user/get", "60020", "server IPs"),
            ("topapi/v2/user/get", "60011", "qyapi_get_member"),
            (
                "topapi/v2/user/list",
                "60011",
                "qyapi_get_department_member",
            ),
            (
                "topapi/v2/department/listsub",
                "60011",
                "qyapi_get_department_list",
            ),
            (
                "auth/scopes",
                "60011",
                "the permission that this interface needs",
            ),
            ("topapi/v2/department/get", "50004", "contact scope"),
            ("topapi/v2/user/getuserinfo", "40079", "authorised"),
            ("topapi/v2/user/get", "90020", "month"),
            ("topapi/v2/user/get", "12345", "list of error codes"),
        ] {
            let text = alert_text(Lang::En, &format!("misconfigured:{api}"), code);
            assert!(
                text.contains(word) && text.contains(api) && text.contains(code),
                "{text}"
            );
        }
    }

    #[test]
    fn a_code_in_words_says_what_to_mend_and_names_the_permission() {
        let denied = "Forbidden.AccessDenied.AccessTokenPermissionDenied";
        for (api, detail, word) in [
            (
                "v1.0/contact/users/me",
                &*format!("{denied} Contact.User.mobile"),
                "permission Contact.User.mobile",
            ),
            (
                "v1.0/contact/users/me",
                denied,
                "permission Contact.User.Read",
            ),
            (
                "v1.0/oauth2/userAccessToken",
                denied,
                "permission open_app_api_base",
            ),
            (
                "v1.0/oauth2/userAccessToken",
                "invalidClientIdOrSecret",
                "DINGTALK_LOGIN_APP_SECRET",
            ),
            (
                "v1.0/contact/users/me",
                "Forbidden.AccessDenied.IpNotInWhiteList",
                "server IPs",
            ),
            (
                "v1.0/contact/users/me",
                "forbidden.accessdenied.apicountlimitfororg",
                "month",
            ),
            ("v1.0/contact/users/me", "Unheard.Of", "list of error codes"),
        ] {
            let text = alert_text(Lang::En, &format!("misconfigured:{api}"), detail);
            let code = detail.split(' ').next().unwrap();
            assert!(
                text.contains(word) && text.contains(&format!("code {code}.")),
                "{text}"
            );
        }
    }

    #[test]
    fn the_brake_names_the_number_in_both_languages() {
        assert!(alert_text(Lang::Zh, "unknown_people_brake", "7").contains("7 名员工"));
        assert!(
            alert_text(Lang::En, "unknown_people_brake", "7").contains("knowing 7 of the staff")
        );
    }
}
