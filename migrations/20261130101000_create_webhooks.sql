-- Messages to the company's own systems.

-- What the settings subscribe to; written at each start. Without a subscription, no message is stored.
CREATE TABLE webhook_subscription (
    only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    includes_staff boolean NOT NULL DEFAULT false,
    event_types    text[] NOT NULL DEFAULT '{}'
);
INSERT INTO webhook_subscription DEFAULT VALUES;

-- One message, sent until it is accepted or has failed for three days.
CREATE TABLE webhook_delivery (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The header webhook-id: the same on every attempt.
    message_id        text NOT NULL UNIQUE DEFAULT 'msg_' || replace(gen_random_uuid()::text, '-', ''),
    -- DingTalk's event type, or staff.added, staff.changed, staff.returned, staff.left.
    message_type      text NOT NULL,
    event_id          bigint,
    userid            text,
    -- A label for people: an approval's title, a person's name.
    subject           text NOT NULL DEFAULT '',
    -- Exactly what is sent; NULL until it is rendered, and again some time after it was delivered.
    body              text,
    state             text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    created_at        timestamptz NOT NULL DEFAULT now(),
    -- When this series of attempts started: with the message, and again when it is resent.
    series_started_at timestamptz NOT NULL DEFAULT now(),
    -- Attempts of this series.
    attempts          integer NOT NULL DEFAULT 0,
    next_attempt_at   timestamptz NOT NULL DEFAULT now(),
    claimed_by        uuid,
    claimed_until     timestamptz,
    last_status       smallint,
    last_error        text CHECK (last_error IN ('redirect', 'gone', 'status', 'timeout', 'connect', 'dingtalk',
                          'event_dropped')),
    delivered_at      timestamptz,
    CHECK ((event_id IS NULL) <> (userid IS NULL))
);
CREATE INDEX webhook_delivery_unrendered ON webhook_delivery (next_attempt_at, id) WHERE state = 'waiting' AND body IS NULL;
CREATE INDEX webhook_delivery_due ON webhook_delivery (next_attempt_at, id) WHERE state = 'waiting' AND body IS NOT NULL;
CREATE INDEX webhook_delivery_failed ON webhook_delivery (id) WHERE state = 'failed';
CREATE INDEX webhook_delivery_created_at ON webhook_delivery (created_at);
CREATE INDEX webhook_delivery_body_age ON webhook_delivery (delivered_at) WHERE body IS NOT NULL;
-- One event is sent once, whether it came as a callback or from the list of failed callbacks.
CREATE UNIQUE INDEX webhook_delivery_event ON webhook_delivery (event_id);
CREATE INDEX webhook_delivery_userid ON webhook_delivery (userid);

CREATE TABLE webhook_attempt (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id bigint NOT NULL REFERENCES webhook_delivery (id) ON DELETE CASCADE,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    duration_ms integer NOT NULL,
    -- The receiver's HTTP status, if it returned one.
    status      smallint,
    error       text CHECK (error IN ('redirect', 'gone', 'status', 'timeout', 'connect', 'dingtalk', 'event_dropped'))
);
CREATE INDEX webhook_attempt_delivery ON webhook_attempt (delivery_id, id);

-- Changes to staff rows, recorded by the triggers below; a worker turns what one transaction did to one person
-- into one message, and deletes it here.
CREATE TABLE staff_change (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xact       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at         timestamptz NOT NULL DEFAULT now(),
    userid     text NOT NULL,
    -- The row before and after. Both are NULL if only the departments changed; the row before also if it is new.
    before     jsonb,
    after      jsonb
);
CREATE INDEX staff_change_xact_userid ON staff_change (xact, userid);

CREATE FUNCTION includes_staff_webhooks() RETURNS boolean LANGUAGE sql STABLE AS
    $$ SELECT includes_staff FROM webhook_subscription $$;

-- Of a new row, only that it exists: the message describes the row when it is rendered.
CREATE FUNCTION record_new_staff() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF includes_staff_webhooks() THEN
        INSERT INTO staff_change (userid, after)
        SELECT userid, CASE status WHEN 'employed' THEN '{"status": "employed"}'::jsonb ELSE '{"status": "left"}' END FROM new_rows;
    END IF;
    RETURN NULL;
END $$;

-- Fields that only say when and why a row was written do not count.
CREATE FUNCTION record_changed_staff() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF includes_staff_webhooks() THEN
        INSERT INTO staff_change (userid, before, after)
        SELECT userid,
            jsonb_build_object('status', o.status, 'unionid', o.unionid, 'name', o.name, 'avatar', o.avatar, 'job_number', o.job_number,
                'title', o.title, 'mobile', o.mobile, 'email', o.email, 'hired_date', o.hired_date, 'is_held', o.held_at IS NOT NULL),
            jsonb_build_object('status', n.status, 'unionid', n.unionid, 'name', n.name, 'avatar', n.avatar, 'job_number', n.job_number,
                'title', n.title, 'mobile', n.mobile, 'email', n.email, 'hired_date', n.hired_date, 'left_cause', n.left_cause)
        FROM old_rows o JOIN new_rows n USING (userid)
        WHERE (o.status, o.unionid, o.name, o.avatar, o.job_number, o.title, o.mobile, o.email, o.hired_date)
            IS DISTINCT FROM (n.status, n.unionid, n.name, n.avatar, n.job_number, n.title, n.mobile, n.email, n.hired_date)
        ORDER BY userid;
    END IF;
    RETURN NULL;
END $$;

-- The departments of a person who was added in the same transaction are part of the addition.
CREATE FUNCTION record_staff_departments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF includes_staff_webhooks() THEN
        INSERT INTO staff_change (userid)
        SELECT DISTINCT t.userid FROM affected t JOIN staff s USING (userid) WHERE s.created_at <> now();
    END IF;
    RETURN NULL;
END $$;

-- The order of a person's departments does not count.
CREATE FUNCTION record_changed_staff_departments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF includes_staff_webhooks() THEN
        INSERT INTO staff_change (userid)
        SELECT DISTINCT userid FROM old_rows o JOIN new_rows n USING (userid, dept_id) WHERE o.is_leader <> n.is_leader;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER staff_record_new AFTER INSERT ON staff REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_new_staff();
CREATE TRIGGER staff_record_changed AFTER UPDATE ON staff REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_changed_staff();
CREATE TRIGGER staff_department_record_new AFTER INSERT ON staff_department REFERENCING NEW TABLE AS affected
    FOR EACH STATEMENT EXECUTE FUNCTION record_staff_departments();
CREATE TRIGGER staff_department_record_gone AFTER DELETE ON staff_department REFERENCING OLD TABLE AS affected
    FOR EACH STATEMENT EXECUTE FUNCTION record_staff_departments();
CREATE TRIGGER staff_department_record_changed AFTER UPDATE ON staff_department REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_changed_staff_departments();
