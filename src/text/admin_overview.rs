//! Texts of the overview.

use super::texts;

texts! {
    /// Texts of the overview.
    pub struct OverviewTexts {
        title: "概览" | "Overview";
        purpose: "登录、事件和同步的近况，以及需要您处理的事。" | "Sign-ins, events and syncs at a glance, and what needs your attention.";
        now: "当前状况" | "Right now";
        employed: "在职员工" | "Employed";
        departments: "部门" | "Departments";
        sessions: "在线会话" | "Active sessions";
        waiting: "待审核" | "Waiting for review";
        events_waiting: "等待处理的事件" | "Events waiting";
        events_failed: "失败的事件" | "Events failed";
        events_parked: "补收的事件（待处理）" | "Events held";
        waits_since: "最早的一个于 {time} 收到" | "oldest: {time}";

        logins: "登录（近 14 天，北京时间）" | "Logins, the last 14 days (UTC+8)";
        logins_sum: "次登录" | "signed in";
        refusals_sum: "次被拒绝" | "refused";
        logins_desc: "每天一列，下段为登录成功，上段为被拒绝；最高的一天共 {most} 次。"
            | "One column a day: sign-ins below, refusals on top; the busiest day saw {most}.";
        day: "日期" | "Day";
        let_in: "登录" | "Signed in";
        refused: "被拒绝" | "Refused";
        day_label: "{day}：登录 {in} 次，被拒绝 {out} 次" | "{day}: {in} signed in, {out} refused";
        no_logins: "近 14 天没有人登录。" | "Nobody has signed in for 14 days.";

        refusals: "被拒绝的原因（近 14 天，北京时间）" | "Refusals by reason, the last 14 days (UTC+8)";
        reason: "原因" | "Reason";
        times: "人次（每人每小时计一次）" | "People (once an hour each)";
        no_refusals: "近 14 天没有人被拒绝。" | "No refusals in 14 days.";

        events: "钉钉事件（近 14 天，北京时间）" | "DingTalk’s events, the last 14 days (UTC+8)";
        events_sum: "个事件" | "received";
        delay_sum: "从收到到生效（最近一天的中位数）" | "median processing time, last 24 h";
        events_desc: "每天一列，为收到的事件数；最多的一天有 {most} 个。" | "One column a day: the events received; the busiest day saw {most}.";
        event_label: "{day}：{n} 个事件" | "{day}: events {n}";
        received: "收到" | "Received";
        applied: "已生效" | "In effect";
        median: "中位耗时" | "Median delay";
        slow: "95% 耗时不超过" | "95th percentile";
        no_events: "近 14 天没有收到事件。" | "No event has come in 14 days.";

        sync: "最近一次全量同步" | "Latest full sync";
        no_sync: "还没有同步过。" | "No sync yet.";
        sync_state: "状态" | "State";
        sync_started: "开始时间" | "Started";
        sync_numbers: "结果" | "Result";
        sync_last_done: "上次完整完成" | "Last complete one";
        sync_nothing: "没有变化" | "Nothing changed";
        to_sync: "查看详情" | "View sync";

        review: "等待审核的人" | "Who waits for review";
        nobody_waits: "没有人在等待审核。" | "No one is waiting.";
        see_all: "查看全部" | "See all";
        as_table: "以表格查看" | "As a table";

        start: "开始使用" | "Getting started";
        start_text: "完成以下步骤后，此栏自动消失。" | "This panel disappears once these steps are done.";
        step_done: "已完成" | "Done";
        step_open: "待完成" | "To do";
        step_sync: "读取公司通讯录" | "Read the company’s directory";
        step_sync_text: "员工表为空时会自动同步一次；也可以运行 dinggate sync。" | "The first full sync runs automatically while the staff table is empty; dinggate sync runs one at any time.";
        step_events: "接收钉钉事件" | "Receive DingTalk’s events";
        step_events_text: "在钉钉开放平台的“事件订阅”中填写 {url}，然后在钉钉中修改任意一名员工的资料，触发一次测试事件。"
            | "Enter {url} under event subscription in DingTalk’s developer console, then edit any person in DingTalk to trigger a test event.";
        step_doctor: "如有问题，运行 dinggate doctor：它会逐项检查配置、权限和网络，并说明如何处理。"
            | "If something isn’t working, run dinggate doctor: it checks settings, permissions and the network one by one, and says what to do.";
    }
}
