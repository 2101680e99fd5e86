-- The inbox: what DingTalk has told us, stored once, before it is answered.
CREATE TABLE event (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The event's own id, else a digest of its type, time and ids.
    dedupe_key      text NOT NULL UNIQUE,
    source          text NOT NULL DEFAULT 'callback' CHECK (source IN ('callback')),
    event_type      text NOT NULL,
    event_time      timestamptz,
    userids         text[] NOT NULL DEFAULT '{}',
    dept_ids        bigint[] NOT NULL DEFAULT '{}',
    -- The decrypted message; dropped after 30 days.
    body            jsonb,
    state           text NOT NULL CHECK (state IN ('waiting', 'applied', 'failed')),
    attempts        integer NOT NULL DEFAULT 0,
    -- How many of the attempts have met with a refusal, which somebody has to mend, and not with silence.
    refusals        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    claimed_by      uuid,
    claimed_until   timestamptz,
    last_error      text,
    received_at     timestamptz NOT NULL DEFAULT now(),
    applied_at      timestamptz
);
CREATE INDEX event_due ON event (next_attempt_at, id) WHERE state = 'waiting';
CREATE INDEX event_received_at ON event (received_at);
CREATE INDEX event_userids ON event USING gin (userids);
CREATE INDEX event_body_age ON event (received_at) WHERE body IS NOT NULL;
CREATE INDEX event_failed ON event (id) WHERE state = 'failed';

-- Looks at one person that are due at a time: after a leaving (60 s, 10 min), after a join that
-- DingTalk did not know of yet, and after a login that DingTalk answered with 60121.
CREATE TABLE scheduled_look (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    userid          text NOT NULL,
    cause           text NOT NULL CHECK (cause IN ('leaving', 'join', 'login')),
    due_at          timestamptz NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    claimed_by      uuid,
    claimed_until   timestamptz,
    last_error      text
);
CREATE INDEX scheduled_look_due ON scheduled_look (due_at);
CREATE INDEX scheduled_look_userid ON scheduled_look (userid, cause);
