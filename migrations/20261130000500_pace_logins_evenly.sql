-- Logins may have sixteen calls in flight, all other work three of these.
INSERT INTO call_in_flight (slot) SELECT generate_series(4, 16) ON CONFLICT DO NOTHING;

-- Takes the turn of one call, or says how long to wait: a slot in flight and the API's next moment. Priorities:
-- 0 logins, 1 joins, 2 changes, 3 rechecks, 4 retries, 5 syncs. A call that has to wait leaves a mark, so that
-- calls of lesser priority on other instances stand back.
--
-- Moments are 57 ms apart and a call may be up to 20 ms late without moving the ones after it. Eighteen gaps
-- last at least 18 * 57 - 20 = 1006 ms, so no second has more than 18 calls.
--
-- A stored time that lies further ahead than anything ever puts it is past: Postgres's clock has stepped back.
CREATE OR REPLACE FUNCTION take_call(the_api text, the_priority smallint, the_holder uuid)
    RETURNS TABLE (slot smallint, wait_ms integer, is_banned boolean) LANGUAGE plpgsql AS $$
DECLARE
    spacing    CONSTANT interval := '57 milliseconds';
    lateness   CONSTANT interval := '20 milliseconds';
    -- A waiter asks every 50 ms, and its mark outlives that by 150 ms.
    mark       CONSTANT interval := '300 milliseconds';
    -- The longest that DingTalk's throttling holds an API back, with a second for the statements' own time.
    hold       CONSTANT interval := '61 seconds';
    ban        CONSTANT interval := '5 minutes';
    lease      CONSTANT interval := '8 seconds';
    at timestamptz;
    pace call_pace;
    banned_until timestamptz;
    got smallint;
    wait interval;
    slot_priority smallint;
    slot_until timestamptz;
    is_wanted boolean;
    slot_is_wanted boolean;
BEGIN
    SELECT next_at, wanted_priority, wanted_until INTO banned_until, slot_priority, slot_until
    FROM call_pace WHERE api = '*';
    at := clock_timestamp();
    IF banned_until > at AND banned_until <= at + ban THEN
        RETURN QUERY SELECT NULL::smallint, (extract(epoch FROM banned_until - at) * 1000)::integer, true;
        RETURN;
    END IF;
    INSERT INTO call_pace (api) VALUES (the_api) ON CONFLICT DO NOTHING;
    SELECT * INTO pace FROM call_pace WHERE api = the_api FOR UPDATE;
    at := clock_timestamp();
    -- Further ahead than the spacing, and not because of throttling in the past.
    IF pace.next_at > at + spacing AND NOT (pace.throttled_at <= at AND pace.next_at <= pace.throttled_at + hold) THEN
        pace.next_at := '-infinity';
    END IF;
    is_wanted := pace.wanted_until > at AND pace.wanted_until <= at + mark;
    slot_is_wanted := slot_until > at AND slot_until <= at + mark;
    IF is_wanted AND pace.wanted_priority < the_priority THEN
        wait := interval '30 milliseconds';
    ELSIF pace.next_at > at THEN
        wait := pace.next_at - at;
    ELSIF slot_is_wanted AND slot_priority < the_priority THEN
        wait := interval '15 milliseconds';
    ELSE
        -- Logins take the slots that are theirs alone first. The third of the others is kept for joins and
        -- changes, so that slow calls of rechecks and syncs do not hold them up. The end of a lease may be
        -- read a moment before the clock says so, hence the second of tolerance.
        UPDATE call_in_flight f SET holder = the_holder, held_until = at + lease
        WHERE f.slot = (
            SELECT c.slot FROM call_in_flight c
            WHERE (c.held_until < at OR c.held_until > at + lease + interval '1 second')
              AND (the_priority = 0 OR c.slot < 3 OR (c.slot = 3 AND the_priority < 3))
            ORDER BY c.slot DESC LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING f.slot INTO got;
        -- The slots are shared by all interfaces, and so is the mark of whoever waits for one.
        IF got IS NULL THEN
            wait := interval '15 milliseconds';
            UPDATE call_pace c SET wanted_priority = the_priority, wanted_until = at + interval '60 milliseconds'
            WHERE c.api = '*' AND (NOT slot_is_wanted OR c.wanted_priority >= the_priority);
        ELSIF slot_is_wanted AND slot_priority >= the_priority THEN
            UPDATE call_pace c SET wanted_until = '-infinity' WHERE c.api = '*';
        END IF;
    END IF;
    IF got IS NULL THEN
        IF NOT is_wanted OR pace.wanted_priority >= the_priority THEN
            UPDATE call_pace SET wanted_priority = the_priority,
                wanted_until = at + least(wait, interval '50 milliseconds') + interval '150 milliseconds'
            WHERE api = the_api;
        END IF;
        RETURN QUERY SELECT NULL::smallint, greatest(1, ceil(extract(epoch FROM wait) * 1000))::integer, false;
    ELSE
        UPDATE call_pace SET next_at = greatest(pace.next_at, at - lateness) + spacing,
            wanted_until = CASE WHEN wanted_priority >= the_priority THEN '-infinity' ELSE wanted_until END
        WHERE api = the_api;
        RETURN QUERY SELECT got, 0, false;
    END IF;
END $$;
