-- Every list can be exported.
ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_action_check;
ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_action_check CHECK (action IN (
    'login', 'refusal', 'logout', 'session.end', 'review.approve', 'review.reject', 'review.reopen', 'review.limit',
    'staff.added', 'staff.returned', 'staff.left', 'staff.restored', 'staff.unionid',
    'admin.grant', 'admin.revoke', 'admin.bind', 'staff.export', 'review.export', 'audit.export', 'department.export',
    'event.export', 'sync.export', 'webhook.export', 'session.export',
    'alert.dismiss', 'event.retry', 'event.release', 'sync.approve', 'sync.discard', 'webhook.resend',
    'app.create', 'app.update', 'app.delete')) NOT VALID;
