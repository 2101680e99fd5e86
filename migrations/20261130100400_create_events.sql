-- The inbox: what DingTalk reported, stored once, before it is acknowledged.
CREATE TABLE event (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The event's own id, else a digest of its type, time and ids.
    dedupe_key       text NOT NULL UNIQUE,
    source           text NOT NULL DEFAULT 'callback' CHECK (source IN ('callback', 'failed_list')),
    event_type       text NOT NULL,
    event_time       timestamptz,
    userids          text[] NOT NULL DEFAULT '{}',
    dept_ids         bigint[] NOT NULL DEFAULT '{}',
    -- The decrypted message; deleted after DINGGATE_RETENTION_EVENTS.
    body             jsonb,
    -- 'parked': fetched from DingTalk's list of failed callbacks and not yet released. 'ignored': of another company.
    state            text NOT NULL CHECK (state IN ('waiting', 'applied', 'failed', 'parked', 'ignored')),
    attempts         integer NOT NULL DEFAULT 0,
    -- How many of the attempts were refused, which an operator has to fix, rather than unanswered.
    refusals         integer NOT NULL DEFAULT 0,
    next_attempt_at  timestamptz NOT NULL DEFAULT now(),
    claimed_by       uuid,
    claimed_until    timestamptz,
    last_error       text,
    -- Which of the event's subjects still have to be looked up, as text; NULL if none has been.
    pending_subjects text[],
    received_at      timestamptz NOT NULL DEFAULT now(),
    applied_at       timestamptz
);
CREATE INDEX event_due ON event (next_attempt_at, id) WHERE state = 'waiting';
CREATE INDEX event_received_at ON event (received_at);
CREATE INDEX event_userids ON event USING gin (userids);
CREATE INDEX event_body_age ON event (received_at) WHERE body IS NOT NULL;
CREATE INDEX event_failed ON event (id) WHERE state = 'failed';
CREATE INDEX event_parked ON event (event_time, id) WHERE state = 'parked';
-- An entry of the list of failed callbacks has no id of its own: it is recognised by its time, type and ids.
CREATE INDEX event_time_type ON event (event_time, event_type);

-- The class of a waiting event: 0 a join's first try, 1 another first try, 2 a retry. An attempt that left no error was cut
-- off with its process and does not count; three of them do, because the event itself may be what ends the process.
CREATE FUNCTION event_class(event_type text, attempts integer, last_error text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT CASE WHEN attempts >= 3 OR attempts > 0 AND last_error IS NOT NULL THEN 2
                   WHEN event_type IN ('user_add_org', 'user_active_org') THEN 0
                   ELSE 1 END $$;

-- Rechecks of one person that are due at a time: after a leave event (60 s, 10 min), after a join event of somebody
-- whom DingTalk did not know yet, and after a login that DingTalk answered with 60121.
CREATE TABLE recheck (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    userid        text NOT NULL,
    cause         text NOT NULL CHECK (cause IN ('leave', 'join', 'login')),
    due_at        timestamptz NOT NULL,
    attempts      integer NOT NULL DEFAULT 0,
    claimed_by    uuid,
    claimed_until timestamptz,
    last_error    text
);
CREATE INDEX recheck_due ON recheck (due_at);
CREATE INDEX recheck_userid ON recheck (userid, cause);

-- Fetching DingTalk's list of failed callbacks: one row, one reader at a time, because each call makes DingTalk
-- delete what the previous one returned.
CREATE TABLE failed_callback_fetch (
    only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    holder          uuid,
    held_by         text,
    held_since      timestamptz,
    lease_until     timestamptz NOT NULL DEFAULT '-infinity',
    -- Set before each call and cleared when its result is stored: if a reader finds it set, a result was lost.
    call_started_at timestamptz,
    -- When the last fetch ended that reached the end of the list.
    read_at         timestamptz NOT NULL DEFAULT '-infinity',
    -- When the service fetches next.
    due_at          timestamptz NOT NULL DEFAULT '-infinity',
    -- When it fetches once more after a downtime: DingTalk lists a failed callback minutes later.
    follow_up_at    timestamptz NOT NULL DEFAULT 'infinity',
    -- Why the last fetch failed, so that it is logged once.
    problem         text
);
INSERT INTO failed_callback_fetch DEFAULT VALUES;
