-- Why a full sync is due: one row for all reasons, since one sync makes up for all of them.
CREATE TABLE sync_request (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    -- Without one, none is due.
    reasons      text[] NOT NULL DEFAULT '{}' CHECK (reasons <@ ARRAY['empty', 'lost_events', 'schedule']),
    -- A complete run that began at or after this time has settled all of the reasons, whoever started it.
    requested_at timestamptz NOT NULL DEFAULT '-infinity',
    attempts     integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- When the next attempt is due, also if no outcome of the last one is stored; NULL if there is none.
    retry_at     timestamptz,
    -- The delay that it was computed with: one further ahead is left over from before the clock was set back.
    retry_delay  interval NOT NULL DEFAULT '0',
    -- When the last attempt began; NULL once its outcome is stored.
    taken_at     timestamptz,
    -- The latest scheduled time that was requested, or had passed at the first start; NULL before.
    scheduled_at timestamptz
);

-- Adds a reason, which is due at once and starts the count of attempts anew; one that is there already keeps its delay.
CREATE FUNCTION request_sync(the_reason text, since timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sync_request SET reasons = '{}', retry_at = NULL
    WHERE EXISTS (SELECT FROM sync_run WHERE is_complete AND as_past(started_at) >= requested_at);
    UPDATE sync_request SET
        requested_at = CASE WHEN reasons = '{}' THEN since ELSE greatest(requested_at, since) END,
        attempts = CASE WHEN the_reason = ANY (reasons) THEN attempts ELSE 0 END,
        retry_at = CASE WHEN the_reason = ANY (reasons) THEN retry_at ELSE clock_timestamp() END,
        retry_delay = CASE WHEN the_reason = ANY (reasons) THEN retry_delay ELSE '0' END,
        taken_at = CASE WHEN the_reason = ANY (reasons) THEN taken_at END,
        reasons = CASE WHEN the_reason = ANY (reasons) THEN reasons ELSE reasons || the_reason END;
END $$;

-- Whether a requested sync has to start now: an attempt is due, or the last one died with its process; no sync is
-- running, and none has settled the request. After more attempts than this, one that died is not repeated at once: it
-- may be what ends the process.
CREATE FUNCTION is_sync_due() RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT EXISTS (
        SELECT FROM sync_request s
        WHERE s.reasons <> '{}' AND s.retry_at IS NOT NULL
          AND (s.retry_at <= clock_timestamp() OR s.attempts <= 3 AND EXISTS (
              SELECT FROM sync_run r
              WHERE r.cause = ANY (s.reasons) AND r.started_at >= s.taken_at
                AND (r.state = 'running' OR r.state = 'failed' AND 'interrupted' IN (r.error_code, r.error))))
          AND NOT EXISTS (SELECT FROM sync_run WHERE state = 'running' AND NOT is_free(lease_until))
          AND NOT EXISTS (SELECT FROM sync_run WHERE is_complete AND as_past(started_at) >= s.requested_at))
$$;

-- Lost events are reported by this alert, also by instances of the version before.
CREATE FUNCTION request_sync_for_lost_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM request_sync('lost_events', clock_timestamp());
    RETURN NULL;
END $$;
CREATE TRIGGER alert_request_sync AFTER INSERT OR UPDATE OF detail ON alert
    FOR EACH ROW WHEN (NEW.kind = 'directory:lost_events') EXECUTE FUNCTION request_sync_for_lost_events();

-- What instances of the version before have left to do. They go on using `sync_schedule`, which a later release drops:
-- a scheduled time that both take has one complete run, since that settles it.
INSERT INTO sync_request (scheduled_at) SELECT (SELECT scheduled_at FROM sync_schedule);
SELECT request_sync('schedule', scheduled_at) FROM sync_schedule WHERE retry_at IS NOT NULL;
SELECT request_sync('lost_events', last_at) FROM alert WHERE kind = 'directory:lost_events';
SELECT request_sync('empty', '-infinity')
WHERE EXISTS (SELECT FROM sync_run WHERE cause = 'empty')
  AND NOT EXISTS (SELECT FROM sync_run WHERE state IN ('done', 'stopped', 'partial'));
