-- no-transaction
-- The logins and refusals of a reference number, without reading the whole trail.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_entry_reference ON audit_entry (reference);
