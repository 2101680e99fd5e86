-- An administrator can limit a rejection to the account, where the userid was given to somebody else.
ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_action_check;
ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_action_check CHECK (action IN (
    'login', 'refusal', 'logout', 'session.end', 'review.approve', 'review.reject', 'review.reopen', 'review.limit',
    'staff.added', 'staff.returned', 'staff.left', 'staff.restored', 'staff.unionid',
    'admin.grant', 'admin.revoke', 'admin.bind', 'staff.export', 'review.export', 'audit.export',
    'alert.dismiss', 'event.retry', 'event.release', 'sync.approve', 'sync.discard', 'webhook.resend',
    'app.create', 'app.update', 'app.delete')) NOT VALID;
