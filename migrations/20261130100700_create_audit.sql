-- Who did what to whom, and when. The triggers protect against our own mistakes; the owner of the table can
-- remove them.
CREATE TABLE audit_entry (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    -- A userid, or 'system', or 'command:<login name>'.
    actor      text NOT NULL,
    -- A column of its own, since a userid may be spelled like any other actor.
    actor_kind text NOT NULL CHECK (actor_kind IN ('person', 'command', 'system')),
    action     text NOT NULL CHECK (action IN (
                   'login', 'refusal', 'logout', 'session.end', 'review.approve', 'review.reject', 'review.reopen',
                   'staff.added', 'staff.returned', 'staff.left', 'staff.restored', 'staff.unionid',
                   'admin.grant', 'admin.revoke', 'admin.bind', 'staff.export', 'review.export', 'audit.export',
                   'alert.dismiss', 'event.retry', 'event.release', 'sync.approve', 'sync.discard', 'webhook.resend',
                   'app.create', 'app.update', 'app.delete')),
    userid     text,
    unionid    text,
    name       text,
    -- How it ended, for example 'in', 'left', 'approved'.
    status     text NOT NULL,
    reason     text,
    -- The request id of a login, the id of the event, run or message concerned otherwise.
    reference  text,
    ip         text
);
CREATE INDEX audit_entry_at ON audit_entry (at);
CREATE INDEX audit_entry_userid ON audit_entry (userid);
CREATE INDEX audit_entry_unionid ON audit_entry (unionid);
-- The entries of one rare action, latest first, without reading the whole trail.
CREATE INDEX audit_entry_action ON audit_entry (action, id);

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- What administrators are told until it is fixed: one row per kind.
CREATE TABLE alert (
    -- A refusal by DingTalk is followed by the name of the API.
    kind     text PRIMARY KEY CHECK (kind LIKE 'misconfigured:_%' OR kind IN (
                 'unknown_people_brake', 'unionid_conflict', 'webhook:failed', 'directory:sync',
                 'directory:unannounced', 'directory:failed_events', 'directory:lost_events')),
    detail   text NOT NULL,
    first_at timestamptz NOT NULL DEFAULT now(),
    last_at  timestamptz NOT NULL DEFAULT now(),
    times    bigint NOT NULL DEFAULT 1
);
