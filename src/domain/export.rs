//! The lists that can be exported, and the columns of their tables.

use super::audit::AuditAction;
use super::closed_set::closed_set;

closed_set! {
    /// A list of the administration as a table for spreadsheets; its text is the ASCII part of the file's name.
    pub enum ExportedList {
        Staff = "staff",
        Review = "unmatched",
        Departments = "departments",
        Events = "events",
        Syncs = "syncs",
        SyncChanges = "sync-changes",
        Webhooks = "webhooks",
        Sessions = "sessions",
        Audit = "audit",
    }
}

impl ExportedList {
    /// Returns the action that audits the export.
    pub fn action(self) -> AuditAction {
        match self {
            Self::Staff => AuditAction::StaffExport,
            Self::Review => AuditAction::ReviewExport,
            Self::Departments => AuditAction::DepartmentExport,
            Self::Events => AuditAction::EventExport,
            Self::Syncs | Self::SyncChanges => AuditAction::SyncExport,
            Self::Webhooks => AuditAction::WebhookExport,
            Self::Sessions => AuditAction::SessionExport,
            Self::Audit => AuditAction::AuditExport,
        }
    }
}

impl ExportColumn {
    /// Returns whether its values identify something, and are no text that somebody wrote.
    pub fn is_id(self) -> bool {
        matches!(
            self,
            Self::Id
                | Self::Userid
                | Self::Unionid
                | Self::JobNumber
                | Self::DepartmentId
                | Self::EventId
                | Self::CaseId
                | Self::MessageId
                | Self::DingTalkId
                | Self::Reference
                | Self::Actor
                | Self::DecidedBy
                | Self::Address
        )
    }

    /// Returns whether its values are times, to the second.
    pub fn is_time(self) -> bool {
        matches!(self, Self::At | Self::EventTime) || self.as_str().ends_with("_at")
    }
}

closed_set! {
    /// A column; its text is the header in CSV.
    pub enum ExportColumn {
        Id = "id",
        Userid = "userid",
        Unionid = "unionid",
        Name = "name",
        Nick = "nick",
        Status = "status",
        JobNumber = "job_number",
        Title = "title",
        Mobile = "mobile",
        Email = "email",
        Departments = "departments",
        HiredDate = "hired_date",
        LeftAt = "left_at",
        LeftCause = "left_cause",
        LeftByHand = "left_by_hand",
        Reason = "reason",
        Attempts = "attempts",
        FirstSeenAt = "first_seen_at",
        LastSeenAt = "last_seen_at",
        Reference = "reference",
        DecidedBy = "decided_by",
        DecidedAt = "decided_at",
        DecisionReason = "decision_reason",
        At = "at",
        Actor = "actor",
        ActorName = "actor_name",
        ActorKind = "actor_kind",
        Action = "action",
        Address = "address",
        DepartmentId = "department_id",
        Path = "path",
        Members = "members",
        DirectMembers = "direct_members",
        ObservedAt = "observed_at",
        Type = "type",
        Source = "source",
        DingTalkId = "dingtalk_id",
        ReceivedAt = "received_at",
        EventTime = "event_time",
        AppliedAt = "applied_at",
        NextAttemptAt = "next_attempt_at",
        Error = "error",
        MessageId = "message_id",
        EventId = "event_id",
        CaseId = "case_id",
        Subject = "subject",
        CreatedAt = "created_at",
        DeliveredAt = "delivered_at",
        HttpStatus = "http_status",
        Method = "method",
        UserAgent = "user_agent",
        SignedInAt = "signed_in_at",
        ExpiresAt = "expires_at",
        Cause = "cause",
        StartedAt = "started_at",
        FinishedAt = "finished_at",
        ApiCalls = "api_calls",
        Added = "added",
        Changed = "changed",
        Returned = "returned",
        Left = "left",
        Withheld = "withheld",
        Skipped = "skipped",
        Unchanged = "unchanged",
        Unannounced = "unannounced",
        DepartmentsAdded = "departments_added",
        DepartmentsChanged = "departments_changed",
        DepartmentsRemoved = "departments_removed",
        Decision = "decision",
        Field = "field",
        OldValue = "old_value",
        NewValue = "new_value",
    }
}
