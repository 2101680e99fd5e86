-- The order in which waiting events are looked up, and the progress of events that name several people or departments.

-- Which of an event's subjects still have to be looked up, as text; NULL while none has been.
ALTER TABLE event ADD COLUMN pending_subjects text[];

-- The place of a waiting event: 0 a join's first try, 1 another first try, 2 a retry. An attempt that left no error was cut
-- off with its process and does not count; three of them do, because the event itself may be what ends the process.
CREATE FUNCTION event_class(event_type text, attempts integer, last_error text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT CASE WHEN attempts >= 3 OR attempts > 0 AND last_error IS NOT NULL THEN 2
                   WHEN event_type IN ('user_add_org', 'user_active_org') THEN 0
                   ELSE 1 END $$;
