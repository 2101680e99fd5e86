//! Texts of the alerts for administrators: the problem, and what to do about it.

use super::admin_webhooks::WebhookTexts;
use super::remediation::remediation;
use super::{interpolate, texts};
use crate::domain::alert::{AlertKind, DirectoryDoubt, Problem};
use crate::domain::sync::SyncState;
use crate::domain::webhook::DeliveryError;
use crate::text::lang::Lang;
use crate::upstream::{Remediation, WITHHELD};

texts! {
    /// Sentences of the banner above the administrators' pages.
    pub struct AlertTexts {
        refused: "钉钉拒绝了接口 {api} 的调用（错误码 {code}）。{hint}" | "DingTalk refuses calls to {api} with code {code}. {hint}";
        withheld: "钉钉接口 {api} 的返回中缺少 {field}，因此无法登录。{hint}" | "DingTalk’s answers to {api} lack {field}, so nobody can sign in. {hint}";
        brake: "24 小时内已有 {count} 名员工在钉钉中查不到，疑似通讯录权限有误，因此暂停标记离职。请检查应用的通讯录权限范围；确认无误后运行 dinggate sync。"
            | "{count} people disappeared from DingTalk within 24 hours. This looks like an error, so marking is paused. Check the app’s contact scope, and run dinggate sync once it is right.";
        undelivered: "钉钉有 {count} 个事件没能推送到本系统，现已取回并处理。请在事件页查看；做一次完整的全量同步后，本提示会消失。"
            | "DingTalk could not deliver events here ({count}); they were fetched from its list. See the page of events. The next complete full sync ends this notice.";
        webhook: "有消息未能推送到公司内部系统，已停止重试（最近一次：{detail}）。请修复接收方，然后在“Webhook 推送”页重新发送。"
            | "Messages to your own systems could not be delivered and are no longer tried (the last one: {detail}). Fix the receiving endpoint, then send them again on the page “Webhooks”.";
        sync_failed: "第 {run} 次全量同步失败，员工表可能与钉钉不一致。请在“通讯录同步”页面查看原因，排除后重新同步。"
            | "Full sync {run} failed, so the staff table may differ from DingTalk. Its page under Syncs says why; put that right and sync again.";
        sync_partial: "第 {run} 次全量同步没有读到全部内容，因此没有标记任何人离职。请在“通讯录同步”页面查看原因。"
            | "Full sync {run} could not read everything, so it marked nobody as left. Its page under Syncs says why.";
        sync_stopped: "第 {run} 次全量同步发现离职人数过多，已暂停标记离职，请在“通讯录同步”页面处理。"
            | "Sync {run} found more departures than allowed and needs your approval, on its page under Syncs.";
        unannounced: "第 {run} 次全量同步发现 {count} 名员工的变更没有收到钉钉事件，事件可能有遗漏。请检查事件订阅（回调地址、Token、加密密钥）。"
            | "Full sync {run} found changes to {count} people that no event had announced. Events may be getting lost: check the event subscription (address, token, key).";
        lost_events: "未送达的事件可能已丢失（{why}），需要一次全量同步才能补齐。请在“通讯录同步”页面发起，或运行 dinggate sync。"
            | "Undelivered events may be lost ({why}). Only a full sync makes up for them: start one under Syncs, or run dinggate sync.";
        unionid_conflict: "有 {count} 名员工在钉钉中的 unionid 与另一名在职员工相同，暂时无法写入，其他资料已更新；对方离职或更换账号后会自动写入。请在“事件”页面查看涉及的员工，并在钉钉中核实。"
            | "For {count} of the staff DingTalk names a unionid that another employed person has. Everything else about them is up to date, and the unionid is written as soon as the other person leaves or gets another one. The page Events names the people; check their accounts in DingTalk.";
    }
}

/// Returns a sentence or two about an alert: the problem, and what to do about it.
pub fn alert_text(lang: Lang, kind: &AlertKind, detail: &str) -> String {
    match kind {
        AlertKind::Misconfigured(api) => refusal_text(lang, api, detail),
        AlertKind::Problem(problem) => problem_text(lang, *problem, detail),
        AlertKind::Directory(doubt) => doubt_text(AlertTexts::of(lang), *doubt, detail),
    }
}

fn refusal_text(lang: Lang, api: &str, detail: &str) -> String {
    let t = AlertTexts::of(lang);
    // A code in words is followed by the permissions that DingTalk names.
    let (code, permissions) = detail.split_once(' ').unwrap_or((detail, ""));
    let hint = hint(lang, api, code, permissions);
    if let Some(field) = code.strip_prefix(WITHHELD) {
        return interpolate(
            t.withheld,
            &[("api", &api), ("field", &field), ("hint", &hint)],
        );
    }
    interpolate(
        t.refused,
        &[("api", &api), ("code", &code), ("hint", &hint)],
    )
}

fn problem_text(lang: Lang, problem: Problem, detail: &str) -> String {
    let t = AlertTexts::of(lang);
    match problem {
        Problem::LeaverLimit => interpolate(t.brake, &[("count", &detail)]),
        Problem::UnionidConflict => interpolate(t.unionid_conflict, &[("count", &detail)]),
        Problem::WebhookFailed => {
            // A detail is a status or one of our errors.
            let why = DeliveryError::parse(detail)
                .and_then(|error| WebhookTexts::of(lang).result_words(None, Some(error)));
            interpolate(t.webhook, &[("detail", &why.as_deref().unwrap_or(detail))])
        }
    }
}

/// Returns why the directory is in doubt; `detail` is mostly `<run>:<more>`.
fn doubt_text(t: &AlertTexts, doubt: DirectoryDoubt, detail: &str) -> String {
    let (run, more) = detail.split_once(':').unwrap_or((detail, ""));
    match doubt {
        DirectoryDoubt::Sync => {
            let sentence = match SyncState::parse(more) {
                Some(SyncState::Stopped) => t.sync_stopped,
                Some(SyncState::Partial) => t.sync_partial,
                _ => t.sync_failed,
            };
            interpolate(sentence, &[("run", &run)])
        }
        DirectoryDoubt::Unannounced => {
            interpolate(t.unannounced, &[("run", &run), ("count", &more)])
        }
        DirectoryDoubt::FailedEvents => interpolate(t.undelivered, &[("count", &detail)]),
        DirectoryDoubt::LostEvents => interpolate(t.lost_events, &[("why", &detail)]),
    }
}

/// Returns what to do about DingTalk’s code.
fn hint(lang: Lang, api: &str, code: &str, permissions: &str) -> String {
    remediation(lang, &Remediation::of_named(api, code, permissions))
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
            let text = alert_text(Lang::En, &AlertKind::Misconfigured(api.to_owned()), code);
            assert!(
                text.contains(word) && text.contains(api) && text.contains(code),
                "{text}"
            );
        }
    }

    #[test]
    fn messages_that_were_given_up_are_told_with_their_last_error() {
        for lang in [Lang::Zh, Lang::En] {
            assert!(
                alert_text(lang, &Problem::WebhookFailed.into(), "HTTP 410").contains("HTTP 410")
            );
            assert!(alert_text(lang, &Problem::WebhookFailed.into(), "timeout").contains("10"));
        }
    }

    #[test]
    fn a_directory_in_doubt_says_why_in_both_languages() {
        for (kind, detail, chinese, english) in [
            (
                DirectoryDoubt::Sync,
                "12:failed",
                "第 12 次全量同步失败",
                "sync 12 failed",
            ),
            (
                DirectoryDoubt::Sync,
                "12:partial",
                "没有读到全部内容",
                "could not read everything",
            ),
            (
                DirectoryDoubt::Sync,
                "12:stopped",
                "页面处理",
                "needs your approval",
            ),
            (
                DirectoryDoubt::Unannounced,
                "12:3",
                "3 名员工",
                "changes to 3 people",
            ),
            (
                DirectoryDoubt::FailedEvents,
                "40",
                "40 个事件",
                "deliver events here (40)",
            ),
            (
                DirectoryDoubt::LostEvents,
                "no answer",
                "no answer",
                "no answer",
            ),
        ] {
            let (zh, en) = (
                alert_text(Lang::Zh, &kind.into(), detail),
                alert_text(Lang::En, &kind.into(), detail),
            );
            assert!(zh.contains(chinese) && en.contains(english), "{zh} {en}");
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
            let text = alert_text(Lang::En, &AlertKind::Misconfigured(api.to_owned()), detail);
            let code = detail.split(' ').next().unwrap();
            assert!(
                text.contains(word) && text.contains(&format!("code {code}.")),
                "{text}"
            );
        }
    }

    #[test]
    fn the_leaver_threshold_names_the_number_in_both_languages() {
        assert!(alert_text(Lang::Zh, &Problem::LeaverLimit.into(), "7").contains("7 名员工"));
        assert!(
            alert_text(Lang::En, &Problem::LeaverLimit.into(), "7")
                .contains("7 people disappeared")
        );
    }
}
