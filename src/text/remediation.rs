//! What to do about a rejection by DingTalk, in words: the same text in the administrators' banner and in
//! `dinggate doctor`.

use super::lang::Lang;
use super::{interpolate, texts};
use crate::upstream::Remediation;

texts! {
    /// One or two sentences per remediation.
    pub struct RemediationTexts {
        grant_permission: "请在钉钉开放平台的“权限管理”中为应用开通权限 {permission}。"
            | "Grant the app the permission {permission} in DingTalk’s developer console (开发配置 › 权限管理).";
        grant_some_permission: "请在钉钉开放平台的“权限管理”中为应用开通调用该接口所需的权限。"
            | "Grant the app the permission that this interface needs in DingTalk’s developer console (开发配置 › 权限管理).";
        correct_credentials: "应用的 AppKey 或 AppSecret 不正确，请检查 DINGTALK_APP_KEY 和 DINGTALK_APP_SECRET。"
            | "The app’s key or secret is wrong: check DINGTALK_APP_KEY and DINGTALK_APP_SECRET.";
        correct_clock: "服务器时钟与钉钉相差过大，无法自动校正，请校准服务器时间。"
            | "The server’s clock is too far off to be corrected by DingTalk’s: set it right, for example with NTP.";
        correct_login_app: "扫码登录应用的 appId 或 appSecret 不正确，请检查 DINGTALK_LOGIN_APP_ID 和 DINGTALK_LOGIN_APP_SECRET。"
            | "The login app’s id or secret is wrong: check DINGTALK_LOGIN_APP_ID and DINGTALK_LOGIN_APP_SECRET.";
        correct_sign_in_app: "登录所用应用的凭证不正确，请检查 DINGTALK_LOGIN_APP_ID 和 DINGTALK_LOGIN_APP_SECRET；未设置时，请检查 DINGTALK_APP_KEY 和 DINGTALK_APP_SECRET。"
            | "The id or secret of the app that people sign in with is wrong: check DINGTALK_LOGIN_APP_ID and DINGTALK_LOGIN_APP_SECRET or, where these are not set, DINGTALK_APP_KEY and DINGTALK_APP_SECRET.";
        allow_server_ip: "请在钉钉开放平台的“服务器出口 IP”中加入本服务器的公网 IP。"
            | "Add this server’s public address to the app’s list of server IPs in DingTalk’s developer console (开发配置 › 安全设置 › 服务器出口IP).";
        widen_scope: "有人员或部门不在应用的通讯录权限范围内，请在钉钉开放平台把范围改为“全部员工”。"
            | "Somebody, or some department, lies outside the app’s contact scope: set the scope to all employees (全部员工) in DingTalk’s developer console (开发配置 › 权限管理 › 权限范围).";
        authorise_app: "企业尚未授权该应用，请由钉钉管理员授权。"
            | "The company has not authorised the app: let a DingTalk administrator do so.";
        correct_corp_id: "企业的 CorpId 不正确，请检查 DINGTALK_CORP_ID。"
            | "The company’s CorpId is wrong: check DINGTALK_CORP_ID.";
        raise_quota: "本月的接口调用次数已经用完，请购买更多额度，或等到下个月。"
            | "This month’s calls are used up: buy more from DingTalk, or wait for the next month.";
        look_up_code: "请在钉钉的错误码说明中查找原因。" | "Look the code up in DingTalk’s list of error codes.";
    }
}

/// Returns a remediation in one or two sentences.
pub fn remediation(lang: Lang, remediation: &Remediation) -> String {
    let t = RemediationTexts::of(lang);
    let sentence = match remediation {
        Remediation::GrantPermission(permission) => {
            return interpolate(t.grant_permission, &[("permission", permission)]);
        }
        Remediation::GrantSomePermission => t.grant_some_permission,
        Remediation::CorrectCredentials => t.correct_credentials,
        Remediation::CorrectClock => t.correct_clock,
        Remediation::CorrectLoginApp => t.correct_login_app,
        Remediation::CorrectSignInApp => t.correct_sign_in_app,
        Remediation::AllowServerIp => t.allow_server_ip,
        Remediation::WidenScope => t.widen_scope,
        Remediation::AuthoriseApp => t.authorise_app,
        Remediation::CorrectCorpId => t.correct_corp_id,
        Remediation::RaiseQuota => t.raise_quota,
        Remediation::LookUpCode => t.look_up_code,
    };
    sentence.to_owned()
}
