-- Who works here. Only an employed row opens the gate.
CREATE TABLE staff (
    userid      text PRIMARY KEY CHECK (userid <> ''),
    unionid     text CHECK (unionid <> ''),
    name        text NOT NULL DEFAULT '',
    avatar      text,
    job_number  text,
    title       text,
    mobile      text,
    email       text,
    hired_date  timestamptz,
    status      text NOT NULL DEFAULT 'employed' CHECK (status IN ('employed', 'left')),
    left_at     timestamptz,
    -- What ended the employment: an event, a full sync, an administrator, or DingTalk's 60121.
    left_cause  text CHECK (left_cause IN ('event', 'sync', 'manual', 'unknown_to_dingtalk')),
    -- A decision by hand: no event, sync or provisioning takes it back, only a restore.
    held_by     text,
    held_at     timestamptz,
    held_reason text,
    -- When the answer that this row holds was asked for; '-infinity' where DingTalk was never asked.
    looked_at   timestamptz NOT NULL DEFAULT '-infinity',
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CHECK ((status = 'left') = (left_at IS NOT NULL)),
    CHECK (held_at IS NULL OR status = 'left')
);
-- A row that has left yields its unionid to the row of a person who is hired again.
CREATE UNIQUE INDEX staff_employed_unionid ON staff (unionid) WHERE status = 'employed';
CREATE INDEX staff_unionid ON staff (unionid);
-- Namesakes of whoever scanned.
CREATE INDEX staff_plain_name ON staff (lower(trim(name)));
CREATE INDEX staff_left_by_cause ON staff (left_cause, left_at) WHERE status = 'left';

CREATE TABLE staff_department (
    userid     text NOT NULL REFERENCES staff (userid) ON DELETE CASCADE,
    dept_id    bigint NOT NULL,
    sort_order bigint,
    is_leader  boolean NOT NULL DEFAULT false,
    PRIMARY KEY (userid, dept_id)
);
CREATE INDEX staff_department_dept ON staff_department (dept_id);

-- A leaving of somebody whom the staff table does not hold: remembered, so that a late answer of
-- DingTalk or a scan cannot bring in a person who has just left.
CREATE TABLE unknown_leaver (
    userid  text PRIMARY KEY,
    left_at timestamptz NOT NULL
);
