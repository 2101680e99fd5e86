-- Moves what instances of the version before have scheduled: inserted again, it is carried over by the trigger. Apart
-- from the trigger's creation, whose lock would hold up leave events for as long as this takes.
WITH moved AS (DELETE FROM recheck RETURNING userid, cause, due_at)
INSERT INTO recheck (userid, cause, due_at) SELECT userid, cause, due_at FROM moved;
