//! The reasons for which a full sync is not done, in words.

use crate::domain::sync_problem::{SyncProblem, SyncProblemCode};
use crate::text::lang::Lang;
use crate::text::{interpolate, texts};

texts! {
    /// One sentence per reason.
    struct SyncProblemTexts {
        interrupted: "已中断：由另一个进程接管，或进程已退出" | "interrupted: another process took over, or the process is gone";
        process_stopped: "已中断：进程收到了停止信号" | "interrupted: the process was told to stop";
        staging_lost: "Postgres 已重启，本次读取的内容已丢失" | "Postgres was restarted and has lost what the run had read";
        not_waiting: "被停止的同步已不再等待确认" | "the stopped run does not wait for a decision any more";
        not_allowed: "发起人已不再有此权限" | "the person who started it no longer has the right";
        database: "数据库出错" | "the database failed";
        internal: "程序内部错误" | "internal error";
        dingtalk: "调用钉钉失败" | "a call to DingTalk failed";
        department_unread: "部门 {department} 读取失败" | "department {department} could not be read";
        unexpected_response: "钉钉的响应与请求不符" | "DingTalk's response does not match the request";
        limited_scope: "应用只能看到公司的一部分" | "the app may see only a part of the company";
        empty_directory: "钉钉没有列出任何人" | "DingTalk lists nobody at all";
        too_many_failures: "连续失败过多，其余内容未读取" | "too many failures in a row: the rest was not read";
        too_many_departments: "部门 {department} 之下：部门总数超过 {count} 个" | "below department {department}: more than {count} departments in all";
        unreadable_department: "部门 {department} 之下有一个部门缺少字段或无法识别：{field}" | "a department below {department} lacks a readable {field}";
        members_missing: "部门 {department}：成员列表不完整" | "department {department}: not everybody who is in it was listed";
        pages_repeated: "部门 {department}：成员列表的分页没有前进" | "department {department}: the pages of its people do not advance";
        pages_endless: "部门 {department}：成员列表的分页没有尽头" | "department {department}: the pages of its people do not end";
        leaver_threshold: "{employed} 名在职员工中有 {count} 人会被标记为离职，超过 {limit}"
            | "{count} of {employed} employed people would be marked as left, more than {limit}";
        more: "（另有 {more} 个问题）" | " (and {more} more)";
    }
}

/// Returns a reason in words, followed by its technical detail.
pub fn sync_problem(lang: Lang, problem: &SyncProblem) -> String {
    let t = SyncProblemTexts::of(lang);
    let params = &problem.params;
    let number = |n: Option<i64>| n.map_or_else(String::new, |n| n.to_string());
    let text = |s: &Option<String>| s.clone().unwrap_or_default();
    let mut words = problem.code.map_or_else(String::new, |code| {
        interpolate(
            sentence(t, code),
            &[
                ("department", &number(params.department)),
                ("count", &number(params.count)),
                ("employed", &number(params.employed)),
                ("field", &text(&params.field)),
                ("limit", &text(&params.limit)),
            ],
        )
    });
    if let Some(detail) = &problem.detail {
        if !words.is_empty() {
            words.push_str(": ");
        }
        words.push_str(detail);
    }
    if params.more > 0 {
        words.push_str(&interpolate(t.more, &[("more", &params.more)]));
    }
    words
}

/// Returns the codes of the reasons whose words contain a text in either language, ignoring case.
pub fn problems_with(text: &str) -> Vec<&'static str> {
    let wanted = text.to_lowercase();
    SyncProblemCode::ALL
        .into_iter()
        .filter(|code| {
            [Lang::Zh, Lang::En].iter().any(|lang| {
                let words = sentence(SyncProblemTexts::of(*lang), *code);
                words.to_lowercase().contains(&wanted)
            })
        })
        .map(SyncProblemCode::as_str)
        .collect()
}

fn sentence(t: &SyncProblemTexts, code: SyncProblemCode) -> &'static str {
    match code {
        SyncProblemCode::Interrupted => t.interrupted,
        SyncProblemCode::ProcessStopped => t.process_stopped,
        SyncProblemCode::StagingLost => t.staging_lost,
        SyncProblemCode::NotWaiting => t.not_waiting,
        SyncProblemCode::NotAllowed => t.not_allowed,
        SyncProblemCode::Database => t.database,
        SyncProblemCode::Internal => t.internal,
        SyncProblemCode::DingTalk => t.dingtalk,
        SyncProblemCode::DepartmentUnread => t.department_unread,
        SyncProblemCode::UnexpectedResponse => t.unexpected_response,
        SyncProblemCode::LimitedScope => t.limited_scope,
        SyncProblemCode::EmptyDirectory => t.empty_directory,
        SyncProblemCode::TooManyFailures => t.too_many_failures,
        SyncProblemCode::TooManyDepartments => t.too_many_departments,
        SyncProblemCode::UnreadableDepartment => t.unreadable_department,
        SyncProblemCode::MembersMissing => t.members_missing,
        SyncProblemCode::PagesRepeated => t.pages_repeated,
        SyncProblemCode::PagesEndless => t.pages_endless,
        SyncProblemCode::LeaverThreshold => t.leaver_threshold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sync_problem::SyncProblemParams;

    #[test]
    fn a_problem_is_told_in_either_language_with_its_values_and_its_detail() {
        let problem = SyncProblem {
            params: SyncProblemParams {
                count: Some(8),
                employed: Some(20),
                limit: Some("30%".to_owned()),
                ..SyncProblemParams::default()
            },
            ..SyncProblemCode::LeaverThreshold.into()
        };
        assert_eq!(
            sync_problem(Lang::En, &problem),
            "8 of 20 employed people would be marked as left, more than 30%"
        );
        assert!(sync_problem(Lang::Zh, &problem).starts_with("20 名在职员工中有 8 人"));

        let mut problem = SyncProblem::of_department(SyncProblemCode::DepartmentUnread, 7)
            .with_detail("code 60020".to_owned());
        problem.params.more = 2;
        assert_eq!(
            sync_problem(Lang::En, &problem),
            "department 7 could not be read: code 60020 (and 2 more)"
        );
    }

    #[test]
    fn an_older_row_says_what_it_always_said() {
        let older = SyncProblem {
            code: None,
            ..SyncProblem::from(SyncProblemCode::Internal).with_detail("why".to_owned())
        };
        assert_eq!(sync_problem(Lang::Zh, &older), "why");
    }

    #[test]
    fn problems_are_found_by_their_words_in_both_languages() {
        assert_eq!(problems_with("LISTS NOBODY"), ["empty_directory"]);
        assert_eq!(problems_with("没有尽头"), ["pages_endless"]);
    }
}
