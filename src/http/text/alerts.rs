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
        sync_failed: "第 {run} 次全量同步失败，员工表可能与钉钉不一致。请在“同步”页面查看原因，排除后重新同步。"
            | "Full sync {run} failed, so the staff table may differ from DingTalk. Its page under Syncs says why; put that right and sync again.";
        sync_partial: "第 {run} 次全量同步没有读到全部内容，因此没有标记任何人离职。请在“同步”页面查看原因。"
            | "Full sync {run} could not read everything, so it marked nobody as left. Its page under Syncs says why.";
        sync_stopped: "第 {run} 次全量同步发现离职人数过多，已暂停标记离职，请在“同步”页面确认或放弃。"
            | "Full sync {run} found too many leavers and marked none of them: approve or discard them on its page under Syncs.";
        unannounced: "第 {run} 次全量同步发现 {count} 名员工的变更没有收到钉钉事件，事件可能有遗漏。请检查事件订阅（回调地址、Token、加密密钥）。"
            | "Full sync {run} found changes to {count} people that no event had announced. Events may be getting lost: check the event subscription (address, token, key).";
        failed_events: "钉钉有 {count} 个事件曾未能送达，这些变更可能尚未生效。请检查回调地址能否从公网访问，并运行一次全量同步。"
            | "DingTalk could not deliver {count} events, so some changes may be missing here. Check that the callback address is reachable from the internet, and run a full sync.";
        lost_events: "未送达的事件可能已丢失（{why}），需要一次全量同步才能补齐。请在“同步”页面发起，或运行 dinggate sync。"
            | "Undelivered events may be lost ({why}). Only a full sync makes up for them: start one under Syncs, or run dinggate sync.";
        unnamed: "发现问题：{kind}（{detail}）。请查看日志。" | "There is a problem: {kind} ({detail}). The log says more.";
    }
}

/// One sentence or two about an alert: what happens, and what to do about it.
pub fn alert_text(lang: Lang, kind: &str, detail: &str) -> String {
    let t = AlertTexts::of(lang);
    if kind == "unknown_people_brake" {
        return fill(t.brake, &[("count", &detail)]);
    }
    if let Some(doubt) = kind.strip_prefix("directory:") {
        return doubt_text(t, doubt, detail);
    }
    match kind.strip_prefix("misconfigured:") {
        Some(api) => fill(
            t.refused,
            &[
                ("api", &api),
                ("code", &detail),
                ("hint", &hint(t, api, detail)),
            ],
        ),
        None => fill(t.unnamed, &[("kind", &kind), ("detail", &detail)]),
    }
}

/// Why the directory is in doubt; `detail` is mostly `<run>:<more>`.
fn doubt_text(t: &AlertTexts, doubt: &str, detail: &str) -> String {
    let (run, more) = detail.split_once(':').unwrap_or((detail, ""));
    match (doubt, more) {
        ("sync", "stopped") => fill(t.sync_stopped, &[("run", &run)]),
        ("sync", "partial") => fill(t.sync_partial, &[("run", &run)]),
        ("sync", _) => fill(t.sync_failed, &[("run", &run)]),
        ("unannounced", count) => fill(t.unannounced, &[("run", &run), ("count", &count)]),
        ("failed_events", _) => fill(t.failed_events, &[("count", &detail)]),
        ("lost_events", _) => fill(t.lost_events, &[("why", &detail)]),
        _ => fill(t.unnamed, &[("kind", &doubt), ("detail", &detail)]),
    }
}

/// What to do about DingTalk’s code.
fn hint(t: &AlertTexts, api: &str, code: &str) -> String {
    let fixed = match code {
        "40001" | "40089" | "40096" => t.credentials,
        "853001" | "853002" => t.clock,
        "853003" | "853004" => t.login_app,
        "60020" => t.address,
        "50002" | "50004" => t.scope,
        "40079" => t.authorise,
        "40013" => t.corp,
        "90020" => t.quota,
        "60011" | "43007" => match permission(api) {
            Some(permission) => return fill(t.permission, &[("permission", &permission)]),
            None => t.some_permission,
        },
        _ => t.other,
    };
    fixed.to_owned()
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
        "sns/getuserinfo_bycode" => Some("open_app_api_base"),
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
    fn a_directory_in_doubt_says_why_in_both_languages() {
        for (kind, detail, chinese, english) in [
            (
                "directory:sync",
                "12:failed",
                "第 12 次全量同步失败",
                "sync 12 failed",
            ),
            (
                "directory:sync",
                "12:partial",
                "没有读到全部内容",
                "could not read everything",
            ),
            (
                "directory:sync",
                "12:stopped",
                "确认或放弃",
                "approve or discard",
            ),
            (
                "directory:unannounced",
                "12:3",
                "3 名员工",
                "changes to 3 people",
            ),
            (
                "directory:failed_events",
                "40",
                "40 个事件",
                "deliver 40 events",
            ),
            (
                "directory:lost_events",
                "no answer",
                "no answer",
                "no answer",
            ),
        ] {
            let (zh, en) = (
                alert_text(Lang::Zh, kind, detail),
                alert_text(Lang::En, kind, detail),
            );
            assert!(zh.contains(chinese) && en.contains(english), "{zh} {en}");
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
