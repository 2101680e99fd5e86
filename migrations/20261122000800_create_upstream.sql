-- What all instances share of their dealings with DingTalk.

-- One access token per app, sealed; renewed by whoever holds the claim.
CREATE TABLE access_token (
    root_url      text NOT NULL,
    app_key       text NOT NULL,
    secret_digest bytea NOT NULL,
    sealed        bytea,
    fetched_at    timestamptz,
    renew_at      timestamptz,
    expires_at    timestamptz,
    claimed_by    uuid,
    claimed_until timestamptz,
    PRIMARY KEY (root_url, app_key, secret_digest)
);

-- The pace of calls: the earliest moment of the next call to an API, and who else waits for it.
-- The row '*' is the pause of all calls while our address is banned, and who waits for a slot in flight.
CREATE TABLE call_pace (
    api             text PRIMARY KEY,
    next_at         timestamptz NOT NULL DEFAULT '-infinity',
    throttled_count integer NOT NULL DEFAULT 0,
    throttled_at    timestamptz NOT NULL DEFAULT '-infinity',
    wanted_priority smallint NOT NULL DEFAULT 9,
    wanted_until    timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO call_pace (api) VALUES ('*');

-- Calls in flight: three at a time. The last is kept for logins and joins.
CREATE TABLE call_in_flight (
    slot       smallint PRIMARY KEY,
    holder     uuid,
    held_until timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO call_in_flight (slot) VALUES (1), (2), (3);

-- Takes the turn of one call, or says how long to wait: a slot in flight and the API's next moment,
-- 55 ms apart, which keeps any second at 18 calls and leaves room for the network's jitter.
-- Whoever has to wait leaves a mark, so that calls of lesser priority on other instances stand back.
CREATE FUNCTION take_call(the_api text, the_priority smallint, the_holder uuid)
    RETURNS TABLE (slot smallint, wait_ms integer, is_banned boolean) LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz;
    pace call_pace;
    banned_until timestamptz;
    got smallint;
    wait interval;
    slot_priority smallint;
    slot_until timestamptz;
BEGIN
    SELECT next_at, wanted_priority, wanted_until INTO banned_until, slot_priority, slot_until
    FROM call_pace WHERE api = '*';
    IF banned_until > clock_timestamp() THEN
        RETURN QUERY SELECT NULL::smallint, (extract(epoch FROM banned_until - clock_timestamp()) * 1000)::integer, true;
        RETURN;
    END IF;
    INSERT INTO call_pace (api) VALUES (the_api) ON CONFLICT DO NOTHING;
    SELECT * INTO pace FROM call_pace WHERE api = the_api FOR UPDATE;
    at := clock_timestamp();
    IF pace.wanted_until > at AND pace.wanted_priority < the_priority THEN
        wait := interval '30 milliseconds';
    ELSIF pace.next_at > at THEN
        wait := pace.next_at - at;
    ELSIF slot_until > at AND slot_priority < the_priority THEN
        wait := interval '15 milliseconds';
    ELSE
        UPDATE call_in_flight f SET holder = the_holder, held_until = at + interval '8 seconds'
        WHERE f.slot = (
            SELECT c.slot FROM call_in_flight c
            WHERE c.held_until < at AND (c.slot < 3 OR the_priority < 2)
            ORDER BY c.slot LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING f.slot INTO got;
        -- The slots are shared by all interfaces, and so is the mark of whoever waits for one.
        IF got IS NULL THEN
            wait := interval '15 milliseconds';
            UPDATE call_pace c SET wanted_priority = the_priority, wanted_until = at + interval '60 milliseconds'
            WHERE c.api = '*' AND (c.wanted_until <= at OR c.wanted_priority >= the_priority);
        ELSIF slot_until > at AND slot_priority >= the_priority THEN
            UPDATE call_pace c SET wanted_until = '-infinity' WHERE c.api = '*';
        END IF;
    END IF;
    IF got IS NULL THEN
        IF pace.wanted_until <= at OR pace.wanted_priority >= the_priority THEN
            UPDATE call_pace SET wanted_priority = the_priority, wanted_until = at + wait + interval '150 milliseconds'
            WHERE api = the_api;
        END IF;
        RETURN QUERY SELECT NULL::smallint, greatest(1, ceil(extract(epoch FROM wait) * 1000))::integer, false;
    ELSE
        UPDATE call_pace SET next_at = at + interval '55 milliseconds',
            wanted_until = CASE WHEN wanted_priority >= the_priority THEN '-infinity' ELSE wanted_until END
        WHERE api = the_api;
        RETURN QUERY SELECT got, 0, false;
    END IF;
END $$;
