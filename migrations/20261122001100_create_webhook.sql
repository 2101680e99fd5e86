-- What is handed on to the company's own systems.

-- What the running service's settings choose; written by each start. As long as nothing is chosen,
-- nothing is stored for anybody.
CREATE TABLE webhook_choice (
    is_only     boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    has_staff   boolean NOT NULL DEFAULT false,
    event_types text[] NOT NULL DEFAULT '{}'
);
INSERT INTO webhook_choice DEFAULT VALUES;

-- One message, sent until it is taken or given up.
CREATE TABLE webhook_delivery (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The header webhook-id: the same on every attempt.
    message_id      text NOT NULL UNIQUE DEFAULT 'msg_' || replace(gen_random_uuid()::text, '-', ''),
    -- DingTalk's event type, or staff.added, staff.changed, staff.returned, staff.left.
    message_type    text NOT NULL,
    event_id        bigint,
    userid          text,
    -- What people call it: an approval's title, a person's name.
    subject         text NOT NULL DEFAULT '',
    -- Exactly what is sent; absent until it is made, and again 30 days after it was delivered.
    body            text,
    state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    created_at      timestamptz NOT NULL DEFAULT now(),
    -- When this series of attempts began: at first with the message, and anew when somebody sends it again.
    series_at       timestamptz NOT NULL DEFAULT now(),
    -- Attempts of this series.
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    claimed_by      uuid,
    claimed_until   timestamptz,
    last_status     smallint,
    last_error      text CHECK (last_error IN ('redirect', 'gone', 'status', 'timeout', 'connect', 'dingtalk',
                        'event_dropped')),
    delivered_at    timestamptz,
    CHECK ((event_id IS NULL) <> (userid IS NULL))
);
CREATE INDEX webhook_delivery_unmade ON webhook_delivery (next_attempt_at, id) WHERE state = 'waiting' AND body IS NULL;
CREATE INDEX webhook_delivery_due ON webhook_delivery (next_attempt_at, id) WHERE state = 'waiting' AND body IS NOT NULL;
CREATE INDEX webhook_delivery_failed ON webhook_delivery (id) WHERE state = 'failed';
CREATE INDEX webhook_delivery_created_at ON webhook_delivery (created_at);
CREATE INDEX webhook_delivery_body_age ON webhook_delivery (delivered_at) WHERE body IS NOT NULL;
-- One event is handed on once, by whichever way it came.
CREATE UNIQUE INDEX webhook_delivery_event ON webhook_delivery (event_id);
CREATE INDEX webhook_delivery_userid ON webhook_delivery (userid);

CREATE TABLE webhook_attempt (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id bigint NOT NULL REFERENCES webhook_delivery (id) ON DELETE CASCADE,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    duration_ms integer NOT NULL,
    -- The receiver's HTTP status, where it gave one.
    status      smallint,
    error       text CHECK (error IN ('redirect', 'gone', 'status', 'timeout', 'connect', 'dingtalk', 'event_dropped'))
);
CREATE INDEX webhook_attempt_delivery ON webhook_attempt (delivery_id, id);

-- What transactions have done to staff rows, as the triggers below have seen it; a worker makes one
-- message of what one transaction did to one person, and deletes it here.
CREATE TABLE staff_change (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xact       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at         timestamptz NOT NULL DEFAULT now(),
    userid     text NOT NULL,
    -- The row before and after; both are absent where only the departments were touched, and the row
    -- before where it is new.
    was        jsonb,
    became     jsonb
);
CREATE INDEX staff_change_whose ON staff_change (xact, userid);

CREATE FUNCTION hands_on_staff() RETURNS boolean LANGUAGE sql STABLE AS
    $$ SELECT has_staff FROM webhook_choice $$;

-- Of a new row its existence says enough: the message describes it as it is by then.
CREATE FUNCTION note_new_staff() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF hands_on_staff() THEN
        INSERT INTO staff_change (userid, became)
        SELECT userid, CASE status WHEN 'employed' THEN '{"status": "employed"}'::jsonb ELSE '{"status": "left"}' END FROM touched;
    END IF;
    RETURN NULL;
END $$;

-- Fields that only say when and on whose word a row was written do not count.
CREATE FUNCTION note_changed_staff() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF hands_on_staff() THEN
        INSERT INTO staff_change (userid, was, became)
        SELECT userid,
            jsonb_build_object('status', o.status, 'unionid', o.unionid, 'name', o.name, 'avatar', o.avatar, 'job_number', o.job_number,
                'title', o.title, 'mobile', o.mobile, 'email', o.email, 'hired_date', o.hired_date, 'is_held', o.held_at IS NOT NULL),
            jsonb_build_object('status', n.status, 'unionid', n.unionid, 'name', n.name, 'avatar', n.avatar, 'job_number', n.job_number,
                'title', n.title, 'mobile', n.mobile, 'email', n.email, 'hired_date', n.hired_date, 'left_cause', n.left_cause)
        FROM was_rows o JOIN touched n USING (userid)
        WHERE (o.status, o.unionid, o.name, o.avatar, o.job_number, o.title, o.mobile, o.email, o.hired_date)
            IS DISTINCT FROM (n.status, n.unionid, n.name, n.avatar, n.job_number, n.title, n.mobile, n.email, n.hired_date)
        ORDER BY userid;
    END IF;
    RETURN NULL;
END $$;

-- The departments of people who are new in this very transaction are part of their being new.
CREATE FUNCTION note_staff_departments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF hands_on_staff() THEN
        INSERT INTO staff_change (userid)
        SELECT DISTINCT t.userid FROM touched t JOIN staff s USING (userid) WHERE s.created_at <> now();
    END IF;
    RETURN NULL;
END $$;

-- The order among the departments is DingTalk's own affair.
CREATE FUNCTION note_changed_staff_departments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF hands_on_staff() THEN
        INSERT INTO staff_change (userid)
        SELECT DISTINCT userid FROM was_rows o JOIN touched n USING (userid, dept_id) WHERE o.is_leader <> n.is_leader;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER staff_note_new AFTER INSERT ON staff REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION note_new_staff();
CREATE TRIGGER staff_note_changed AFTER UPDATE ON staff REFERENCING OLD TABLE AS was_rows NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION note_changed_staff();
CREATE TRIGGER staff_department_note_new AFTER INSERT ON staff_department REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION note_staff_departments();
CREATE TRIGGER staff_department_note_gone AFTER DELETE ON staff_department REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION note_staff_departments();
CREATE TRIGGER staff_department_note_changed AFTER UPDATE ON staff_department REFERENCING OLD TABLE AS was_rows NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION note_changed_staff_departments();
