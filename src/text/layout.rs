//! Texts of the layouts and of the parts that all pages share.

use super::texts;

texts! {
    /// Texts of the layouts and of the parts that all pages share.
    pub struct CommonTexts {
        skip: "跳到主要内容" | "Skip to main content";
        home: "我的主页" | "My page";
        administration: "管理后台" | "Administration";
        sign_out: "退出登录" | "Sign out";
        menu: "菜单" | "Menu";
        sections: "管理栏目" | "Sections";
        overview: "概览" | "Overview";
        unmatched: "登录审核" | "Review queue";
        waiting_count: "{n} 人等待审核" | "{n} waiting for review";
        staff: "员工" | "Staff";
        departments: "部门" | "Departments";
        events: "事件" | "Events";
        syncs: "通讯录同步" | "Syncs";
        webhooks: "Webhook 推送" | "Webhooks";
        queue: "队列" | "Queue";
        sessions: "在线会话" | "Sessions";
        audit: "审计日志" | "Audit";
        apps: "应用" | "Apps";
        alerts: "{n} 个问题需要处理" | "Problems that need attention: {n}";
        see_syncs: "查看同步" | "See the syncs";
        see_events: "查看事件" | "See the events";
        see_messages: "查看推送" | "See the messages";
        dismiss: "关闭" | "Dismiss";
        undo: "撤销" | "Undo";
        pages: "分页" | "Pages";
        previous: "上一页" | "Previous";
        next: "下一页" | "Next";
        page_number: "第 {n} 页" | "Page {n}";
        range: "第 {from}–{to} 条，共 {total} 条" | "{from}–{to} of {total}";
        range_more: "第 {from}–{to} 条，共超过 {total} 条" | "{from}–{to} of more than {total}";
        search: "搜索" | "Search";
        search_people: "搜索员工或参考编号" | "Search people or a reference";
        filter: "筛选" | "Filter";
        elsewhere: "在其他筛选条件下找到 {n} 条" | "{n} found under other filters";
        clear_filters: "清除筛选" | "Clear filters";
        export: "导出" | "Export";
        refresh: "刷新" | "Refresh";
        pause_updates: "暂停自动刷新" | "Pause updates";
        resume_updates: "继续自动刷新" | "Resume updates";
        all: "全部" | "All";
        none: "无" | "None";
        unknown: "未知" | "Unknown";
        never: "从未" | "Never";
        error_prefix: "错误：" | "Error: ";
        problem: "请先解决以下问题" | "There is a problem";
        contact: "联系方式：" | "Contact:";
        keys: "快捷键" | "Keyboard";
        busy: "处理中…" | "Working…";
        cancel: "取消" | "Cancel";
        select_all: "全选本页" | "Select all on this page";
        selected: "已选 {n} 项" | "{n} selected";
        reason: "原因" | "Reason";
        required: "必填" | "required";
        employed: "在职" | "Employed";
        left: "已离职" | "Left";
        leader: "主管" | "Leader";
        this_session: "当前会话" | "This session";
        reference: "参考编号" | "Reference";
    }
}
