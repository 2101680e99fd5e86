//! The actions of the audit trail, and who performs them.

use super::closed_set::closed_set;

closed_set! {
    /// What was done.
    pub enum AuditAction {
        Login = "login",
        Refusal = "refusal",
        Logout = "logout",
        SessionEnd = "session.end",
        ReviewApprove = "review.approve",
        ReviewReject = "review.reject",
        ReviewReopen = "review.reopen",
        /// A rejection was limited to the account.
        ReviewLimit = "review.limit",
        StaffAdded = "staff.added",
        StaffReturned = "staff.returned",
        StaffLeft = "staff.left",
        StaffRestored = "staff.restored",
        StaffUnionid = "staff.unionid",
        AdminGrant = "admin.grant",
        AdminRevoke = "admin.revoke",
        AdminBind = "admin.bind",
        StaffExport = "staff.export",
        ReviewExport = "review.export",
        AuditExport = "audit.export",
        DepartmentExport = "department.export",
        EventExport = "event.export",
        SyncExport = "sync.export",
        WebhookExport = "webhook.export",
        SessionExport = "session.export",
        AlertDismiss = "alert.dismiss",
        EventRetry = "event.retry",
        EventRelease = "event.release",
        SyncApprove = "sync.approve",
        SyncDiscard = "sync.discard",
        WebhookResend = "webhook.resend",
        AppCreate = "app.create",
        AppUpdate = "app.update",
        AppDelete = "app.delete",
    }
}

closed_set! {
    /// Whether a person, a command or the system acted. The name alone is ambiguous: a userid may be `system`.
    pub enum ActorKind {
        Person = "person",
        Command = "command",
        System = "system",
    }
}
