-- What the overview and the page of the audit trail count, quick with a million lines.

-- Logins and refusals by day and outcome, read from the index alone.
CREATE INDEX audit_entry_door ON audit_entry (at, action, status) WHERE action IN ('login', 'refusal');
-- The lines of one rare action, the latest first.
CREATE INDEX audit_entry_action ON audit_entry (action, id);
