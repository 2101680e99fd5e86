-- The lines of one rare action, the latest first, without reading the whole trail.
CREATE INDEX audit_entry_action ON audit_entry (action, id);
