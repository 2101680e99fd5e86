-- What all instances share in their calls to DingTalk.

-- One access token per app, encrypted; renewed by the instance that has claimed it.
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

-- The earliest time of the next call to an API, and the most urgent priority that waits for it.
-- The row '*' holds the end of a ban of our IP address, and the priority that waits for a free slot.
CREATE TABLE rate_limit (
    api              text PRIMARY KEY,
    next_at          timestamptz NOT NULL DEFAULT '-infinity',
    throttled_count  integer NOT NULL DEFAULT 0,
    throttled_at     timestamptz NOT NULL DEFAULT '-infinity',
    waiting_priority smallint NOT NULL DEFAULT 9,
    waiting_until    timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO rate_limit (api) VALUES ('*');

-- Calls in flight: logins may have sixteen, all other work three of these.
CREATE TABLE call_in_flight (
    slot        smallint PRIMARY KEY,
    holder      uuid,
    lease_until timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO call_in_flight (slot) SELECT generate_series(1, 16);

-- Acquires the permit for one call, a slot and the API's next time, or returns how long to wait. Priorities:
-- 0 logins, 1 joins, 2 changes, 3 rechecks, 4 retries, 5 syncs. A call that has to wait leaves a mark, so that
-- calls of lower priority on other instances wait for it.
--
-- Calls are 57 ms apart, and one may be up to 20 ms late without moving the ones after it. Eighteen gaps
-- last at least 18 * 57 - 20 = 1006 ms, so no second has more than 18 calls.
--
-- A stored time that lies further ahead than anything ever puts it is past: Postgres's clock has stepped back.
CREATE FUNCTION acquire_permit(the_api text, the_priority smallint, the_holder uuid)
    RETURNS TABLE (slot smallint, wait_ms integer, is_banned boolean) LANGUAGE plpgsql AS $$
DECLARE
    spacing    CONSTANT interval := '57 milliseconds';
    lateness   CONSTANT interval := '20 milliseconds';
    -- A waiter asks every 50 ms, and its mark outlives that by 150 ms.
    mark       CONSTANT interval := '300 milliseconds';
    -- The longest penalty of an API that DingTalk throttles, with a second for the statements' own time.
    hold       CONSTANT interval := '61 seconds';
    ban        CONSTANT interval := '5 minutes';
    lease      CONSTANT interval := '8 seconds';
    at timestamptz;
    stored rate_limit;
    banned_until timestamptz;
    got smallint;
    wait interval;
    slot_priority smallint;
    slot_until timestamptz;
    is_wanted boolean;
    slot_is_wanted boolean;
BEGIN
    SELECT next_at, waiting_priority, waiting_until INTO banned_until, slot_priority, slot_until
    FROM rate_limit WHERE api = '*';
    at := clock_timestamp();
    IF banned_until > at AND banned_until <= at + ban THEN
        RETURN QUERY SELECT NULL::smallint, (extract(epoch FROM banned_until - at) * 1000)::integer, true;
        RETURN;
    END IF;
    INSERT INTO rate_limit (api) VALUES (the_api) ON CONFLICT DO NOTHING;
    SELECT * INTO stored FROM rate_limit WHERE api = the_api FOR UPDATE;
    at := clock_timestamp();
    -- Further ahead than the spacing, and not because of throttling in the past.
    IF stored.next_at > at + spacing AND NOT (stored.throttled_at <= at AND stored.next_at <= stored.throttled_at + hold) THEN
        stored.next_at := '-infinity';
    END IF;
    is_wanted := stored.waiting_until > at AND stored.waiting_until <= at + mark;
    slot_is_wanted := slot_until > at AND slot_until <= at + mark;
    IF is_wanted AND stored.waiting_priority < the_priority THEN
        wait := interval '30 milliseconds';
    ELSIF stored.next_at > at THEN
        wait := stored.next_at - at;
    ELSIF slot_is_wanted AND slot_priority < the_priority THEN
        wait := interval '15 milliseconds';
    ELSE
        -- Logins take the slots first that only they may use. The third of the others is reserved for joins and
        -- changes, so that slow calls of rechecks and syncs do not delay them. The second of tolerance is for a
        -- lease that was taken after this transaction read the clock.
        UPDATE call_in_flight f SET holder = the_holder, lease_until = at + lease
        WHERE f.slot = (
            SELECT c.slot FROM call_in_flight c
            WHERE (c.lease_until < at OR c.lease_until > at + lease + interval '1 second')
              AND (the_priority = 0 OR c.slot < 3 OR (c.slot = 3 AND the_priority < 3))
            ORDER BY c.slot DESC LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING f.slot INTO got;
        -- The slots are shared by all APIs, and so is the mark of a call that waits for one.
        IF got IS NULL THEN
            wait := interval '15 milliseconds';
            UPDATE rate_limit c SET waiting_priority = the_priority, waiting_until = at + interval '60 milliseconds'
            WHERE c.api = '*' AND (NOT slot_is_wanted OR c.waiting_priority >= the_priority);
        ELSIF slot_is_wanted AND slot_priority >= the_priority THEN
            UPDATE rate_limit c SET waiting_until = '-infinity' WHERE c.api = '*';
        END IF;
    END IF;
    IF got IS NULL THEN
        IF NOT is_wanted OR stored.waiting_priority >= the_priority THEN
            UPDATE rate_limit SET waiting_priority = the_priority,
                waiting_until = at + least(wait, interval '50 milliseconds') + interval '150 milliseconds'
            WHERE api = the_api;
        END IF;
        RETURN QUERY SELECT NULL::smallint, greatest(1, ceil(extract(epoch FROM wait) * 1000))::integer, false;
    ELSE
        UPDATE rate_limit SET next_at = greatest(stored.next_at, at - lateness) + spacing,
            waiting_until = CASE WHEN waiting_priority >= the_priority THEN '-infinity' ELSE waiting_until END
        WHERE api = the_api;
        RETURN QUERY SELECT got, 0, false;
    END IF;
END $$;
