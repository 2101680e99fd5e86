-- The company's departments. The root is 1 and has no parent. Ids and orders are 64-bit.
CREATE TABLE department (
    dept_id     bigint PRIMARY KEY CHECK (dept_id > 0),
    parent_id   bigint,
    name        text NOT NULL,
    sort_order  bigint,
    -- When DingTalk was asked for what this row holds: an older answer never replaces a newer one.
    observed_at timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX department_parent ON department (parent_id);

-- Who works here. Only an employed row admits anybody.
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
    -- An administrator's decision that the person has left: no event, sync or login reverses it, only a restore.
    held_by     text,
    held_at     timestamptz,
    held_reason text,
    -- When DingTalk was asked for what this row holds; '-infinity' if it never was.
    observed_at timestamptz NOT NULL DEFAULT '-infinity',
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CHECK ((status = 'left') = (left_at IS NOT NULL)),
    CHECK (held_at IS NULL OR status = 'left')
);
-- A row that has left yields its unionid to the row of a person who is hired again.
CREATE UNIQUE INDEX staff_employed_unionid ON staff (unionid) WHERE status = 'employed';
CREATE INDEX staff_unionid ON staff (unionid);
-- People with the same name as a person under review.
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

-- A leave event of a person without a staff row: a late answer of DingTalk or a scan must not admit somebody who
-- has just left.
CREATE TABLE unknown_leaver (
    userid  text PRIMARY KEY,
    left_at timestamptz NOT NULL
);

-- People whose unionid in DingTalk's record belongs to another employed row, so that theirs cannot be written yet.
CREATE TABLE unionid_conflict (
    userid       text PRIMARY KEY,
    -- The unionid that DingTalk names for the person.
    unionid      text NOT NULL,
    -- The employed row that has it.
    owner_userid text,
    since        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX unionid_conflict_unionid ON unionid_conflict (unionid);
