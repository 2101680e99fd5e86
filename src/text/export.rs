//! Texts of the tables for spreadsheets.

use super::texts;
use crate::domain::export::{ExportColumn, ExportedList};

texts! {
    /// Texts of the tables for spreadsheets.
    pub struct ExportTexts {
        china_time: "（北京时间）" | " (UTC+8)";
    }

    /// Returns a list's name, for the file and the sheet.
    pub fn list_words(list: ExportedList) {
        Staff: "员工" | "Staff";
        Review: "登录审核" | "Review queue";
        Departments: "部门" | "Departments";
        Events: "事件" | "Events";
        Syncs: "通讯录同步" | "Syncs";
        SyncChanges: "变更明细" | "Sync changes";
        Webhooks: "Webhook 推送" | "Webhooks";
        Sessions: "在线会话" | "Sessions";
        Audit: "审计日志" | "Audit";
    }

    /// Returns a column's heading.
    // Long because there are as many texts as columns.
    pub fn column_words(column: ExportColumn) {
        Id: "编号" | "No.";
        Userid: "userid" | "userid";
        Unionid: "unionid" | "unionid";
        Name: "姓名" | "Name";
        Nick: "昵称" | "Nickname";
        Status: "status" | "status";
        JobNumber: "工号" | "Job number";
        Title: "职位" | "Job title";
        Mobile: "手机号" | "Mobile";
        Email: "邮箱" | "E-mail";
        Departments: "部门" | "Departments";
        HiredDate: "入职日期" | "Hire date";
        LeftAt: "离职时间" | "Left at";
        LeftCause: "离职依据" | "Cause of leaving";
        LeftByHand: "手动标记离职" | "Marked by hand";
        Reason: "原因" | "Reason";
        Attempts: "次数" | "Attempts";
        FirstSeenAt: "首次出现" | "First seen";
        LastSeenAt: "最近出现" | "Last seen";
        Reference: "参考编号" | "Reference";
        DecidedBy: "处理人 userid" | "Reviewed by";
        DecidedAt: "处理时间" | "Reviewed at";
        DecisionReason: "处理原因" | "Reason";
        At: "时间" | "Time";
        Actor: "操作人" | "Actor";
        ActorName: "操作人姓名" | "Actor’s name";
        ActorKind: "操作人类型" | "Kind of actor";
        Action: "操作" | "Action";
        Address: "IP 地址" | "IP address";
        DepartmentId: "部门 ID" | "Department ID";
        Path: "上级部门" | "Path";
        Members: "人数（含下级部门）" | "Members incl. sub-departments";
        DirectMembers: "直属人数" | "Direct members";
        ObservedAt: "最近向钉钉核实" | "Last confirmed with DingTalk";
        Type: "类型" | "Type";
        Source: "来源" | "Source";
        DingTalkId: "钉钉事件标识" | "DingTalk’s event ID";
        ReceivedAt: "收到时间" | "Received";
        EventTime: "发生时间" | "Event time";
        AppliedAt: "生效时间" | "Applied";
        NextAttemptAt: "下次尝试" | "Next attempt";
        Error: "错误" | "Error";
        MessageId: "消息 ID" | "Message ID";
        EventId: "事件编号" | "Event no.";
        CaseId: "审核编号" | "Case no.";
        Subject: "相关人员" | "Subject";
        CreatedAt: "创建时间" | "Created";
        DeliveredAt: "送达时间" | "Delivered";
        HttpStatus: "HTTP 状态码" | "HTTP status";
        Method: "登录方式" | "Sign-in method";
        UserAgent: "浏览器标识" | "User agent";
        SignedInAt: "登录时间" | "Signed in";
        ExpiresAt: "到期时间" | "Expires";
        Cause: "触发方式" | "Trigger";
        StartedAt: "开始时间" | "Started";
        FinishedAt: "结束时间" | "Finished";
        ApiCalls: "接口调用次数" | "API calls";
        Added: "新增" | "Added";
        Changed: "变更" | "Changed";
        Returned: "重新入职" | "Returned";
        Left: "离职" | "Left";
        Withheld: "暂未处理" | "Held";
        Skipped: "跳过" | "Skipped";
        Unchanged: "无变化" | "Unchanged";
        Unannounced: "未收到事件的变更" | "Changes without an event";
        DepartmentsAdded: "新增部门" | "Departments added";
        DepartmentsChanged: "变更部门" | "Departments changed";
        DepartmentsRemoved: "删除部门" | "Departments removed";
        Decision: "处理决定" | "Decision";
        Field: "字段" | "Field";
        OldValue: "原值" | "Old value";
        NewValue: "新值" | "New value";
    }
}
