//! What administrators read while something stands in the way, and what to do about it.

use super::admin_webhooks::WebhookTexts;
use super::{fill, texts};
use crate::http::lang::Lang;
use crate::service::remedy;

texts! {
    /// Sentences of the banner above the administrators' pages.
    pub struct AlertTexts {
        refused: "钉钉拒绝了接口 {api} 的调用（错误码 {code}）。{hint}" | "DingTalk refuses calls to {api} with code {code}. {hint}";
        brake: "24 小时内已有 {count} 名员工在钉钉中查不到，疑似通讯录权限有误，因此暂停标记离职。请检查应用的通讯录权限范围；确认无误后运行 dinggate sync。"
            | "Within 24 hours DingTalk has stopped knowing {count} of the staff. That looks like a fault, so nobody more is marked as left. Check the app’s contact scope, and run dinggate sync once it is right.";
        undelivered: "钉钉有 {count} 个事件没能推送到本系统，现已取回并处理。请在事件页查看；做一次完整的全量同步后，本提示会消失。"
            | "DingTalk could not deliver events here ({count}); they were fetched from its list. See the page of events. The next complete full sync ends this notice.";
        lost_events: "钉钉未能推送的事件在取回途中丢失，员工资料可能不是最新。请做一次全量同步（dinggate sync）。"
            | "Events that DingTalk could not deliver were lost on the way here, so the staff table may be out of date. Run a full sync (dinggate sync).";
        webhook: "有消息未能推送到贵公司的系统，已停止重试（最近一次：{detail}）。请修复接收方，然后在“推送”页重新发送。"
            | "Messages to your own systems could not be delivered and are no longer tried (the last one: {detail}). Mend the receiver, then send them again on the page “Webhooks”.";
        unnamed: "发现问题：{kind}（{detail}）。请查看日志。" | "There is a problem: {kind} ({detail}). The log says more.";
    }
}

/// One sentence or two about an alert: what happens, and what to do about it.
pub fn alert_text(lang: Lang, kind: &str, detail: &str) -> String {
    let t = AlertTexts::of(lang);
    if kind == "unknown_people_brake" {
        return fill(t.brake, &[("count", &detail)]);
    }
    match kind {
        "directory:failed_events" => return fill(t.undelivered, &[("count", &detail)]),
        "directory:lost_events" => return t.lost_events.to_owned(),
        _ => {}
    }
    if kind == "webhook:failed" {
        // Without a status it is a code of ours.
        let why = match detail.split_once(' ') {
            None => WebhookTexts::of(lang).result_words(None, Some(detail)),
            Some(_) => None,
        };
        return fill(t.webhook, &[("detail", &why.as_deref().unwrap_or(detail))]);
    }
    match kind.strip_prefix("misconfigured:") {
        Some(api) => fill(
            t.refused,
            &[
                ("api", &api),
                ("code", &detail),
                ("hint", &hint(lang, api, detail)),
            ],
        ),
        None => fill(t.unnamed, &[("kind", &kind), ("detail", &detail)]),
    }
}

/// What to do about DingTalk’s code.
fn hint(lang: Lang, api: &str, code: &str) -> String {
    let remedy = remedy::of(api, code.parse().unwrap_or_default());
    match lang {
        Lang::Zh => remedy.zh,
        Lang::En => remedy.en,
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
    fn undelivered_and_lost_events_have_words_in_both_languages() {
        assert!(alert_text(Lang::Zh, "directory:failed_events", "450").contains("450 个事件"));
        assert!(alert_text(Lang::En, "directory:failed_events", "450").contains("(450)"));
        assert!(alert_text(Lang::Zh, "directory:lost_events", "no answer").contains("丢失"));
        assert!(alert_text(Lang::En, "directory:lost_events", "no answer").contains("lost"));
    }

    #[test]
    fn messages_that_were_given_up_are_told_with_their_last_error() {
        for lang in [Lang::Zh, Lang::En] {
            assert!(alert_text(lang, "webhook:failed", "HTTP 410").contains("HTTP 410"));
            assert!(alert_text(lang, "webhook:failed", "timeout").contains("10"));
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
