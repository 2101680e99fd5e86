-- Rechecks, one row per subject. It replaces the table `recheck`, which had a row per time.
CREATE TABLE subject_recheck (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The only kind today is a person, by userid.
    kind          text NOT NULL DEFAULT 'person' CHECK (kind = 'person'),
    subject       text NOT NULL,
    -- Increased by each schedule that adds something or is due at once: a recheck that began before it does not settle
    -- it.
    generation    bigint NOT NULL DEFAULT 1,
    -- When the next one is due: the first of the times, or the retry of one that has failed.
    due_at        timestamptz NOT NULL,
    -- Why and when to recheck, in the order of the times: at the next time and at the follow-ups. Each reason holds at
    -- its own time only, because a person must not come back before the check that follows a leave event.
    reasons       text[] NOT NULL CHECK (reasons <@ ARRAY['login', 'join', 'leave']),
    times         timestamptz[] NOT NULL,
    attempts      integer NOT NULL DEFAULT 0,
    claimed_by    uuid,
    claimed_until timestamptz,
    last_error    text,
    UNIQUE (kind, subject),
    CHECK (cardinality(reasons) > 0 AND cardinality(reasons) = cardinality(times))
);
CREATE INDEX subject_recheck_due ON subject_recheck (due_at);

-- Whether the row has a recheck for this reason that is due like one at this time: already, or only later.
CREATE FUNCTION has_recheck(the_row subject_recheck, the_reason text, at timestamptz) RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT EXISTS (
        SELECT FROM unnest(the_row.reasons, the_row.times) AS n (reason, due)
        WHERE n.reason = the_reason AND (n.due > clock_timestamp()) = (at > clock_timestamp()))
$$;

-- Schedules rechecks at these times, which ascend: in place of what is scheduled, or in addition to it unless it
-- includes them. A running recheck keeps its claim and its subject's row.
CREATE FUNCTION schedule_recheck(the_kind text, subjects text[], the_reason text, the_times timestamptz[], replaces boolean)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO subject_recheck AS r (kind, subject, due_at, reasons, times)
    SELECT DISTINCT the_kind, s.subject, the_times[1], array_fill(the_reason, ARRAY[cardinality(the_times)]), the_times
    -- The same order everywhere, so that two transactions cannot deadlock.
    FROM unnest(subjects) AS s (subject) ORDER BY s.subject
    ON CONFLICT (kind, subject) DO UPDATE SET
        -- What adds nothing and is not due now leaves a running recheck as it is.
        generation = r.generation + CASE
            WHEN replaces OR NOT has_recheck(r, the_reason, the_times[1]) OR the_times[1] <= clock_timestamp() THEN 1 ELSE 0 END,
        (reasons, times) = (
            SELECT array_agg(n.reason ORDER BY n.at), array_agg(n.at ORDER BY n.at) FROM (
                SELECT * FROM unnest(r.reasons, r.times) AS o (reason, at) WHERE NOT replaces
                UNION ALL
                SELECT * FROM unnest(excluded.reasons, excluded.times) AS e (reason, at)
                WHERE replaces OR NOT has_recheck(r, the_reason, the_times[1])
            ) n),
        due_at = CASE WHEN replaces THEN excluded.due_at
                      WHEN has_recheck(r, the_reason, the_times[1]) THEN r.due_at
                      ELSE least(r.due_at, excluded.due_at) END,
        -- What is new is no retry.
        attempts = CASE WHEN NOT replaces AND has_recheck(r, the_reason, the_times[1]) THEN r.attempts ELSE 0 END,
        last_error = CASE WHEN NOT replaces AND has_recheck(r, the_reason, the_times[1]) THEN r.last_error END
$$;

CREATE TRIGGER subject_recheck_notify_work AFTER INSERT ON subject_recheck
    FOR EACH ROW WHEN (NEW.due_at <= clock_timestamp()) EXECUTE FUNCTION notify_work('rechecks');
CREATE TRIGGER subject_recheck_notify_work_again AFTER UPDATE OF generation ON subject_recheck
    FOR EACH ROW WHEN (NEW.due_at <= clock_timestamp()) EXECUTE FUNCTION notify_work('rechecks');

-- Carries over what an instance of the version before schedules. Such instances find `recheck` empty and leave the
-- rechecks to the others. The release after the next one drops `recheck` and this trigger: by then, no instance of
-- that version can be left.
CREATE FUNCTION carry_over_rechecks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM schedule_recheck('person', ARRAY[n.userid], n.cause, n.times, n.cause = 'leave' AND n.times[1] > clock_timestamp())
    FROM (SELECT userid, cause, array_agg(due_at ORDER BY due_at) AS times FROM inserted GROUP BY userid, cause
          -- A leave event replaces what was scheduled, and so comes first.
          ORDER BY userid, cause <> 'leave') n;
    DELETE FROM recheck r USING inserted n WHERE r.id = n.id;
    RETURN NULL;
END $$;
DROP TRIGGER recheck_notify_work ON recheck;
CREATE TRIGGER recheck_carry_over AFTER INSERT ON recheck
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION carry_over_rechecks();
