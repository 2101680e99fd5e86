-- What DingTalk could not deliver: fetched from its list of failed pushes, held, then released.
ALTER TABLE event DROP CONSTRAINT event_source_check;
ALTER TABLE event ADD CONSTRAINT event_source_check CHECK (source IN ('callback', 'failed_list'));
ALTER TABLE event DROP CONSTRAINT event_state_check;
ALTER TABLE event ADD CONSTRAINT event_state_check CHECK (state IN ('waiting', 'applied', 'failed', 'held'));
CREATE INDEX event_held ON event (event_time, id) WHERE state = 'held';
-- An entry of the list bears no id of its own: it is known again by its time, type and ids.
CREATE INDEX event_time_type ON event (event_time, event_type);

-- The one row of whoever reads DingTalk's list: asking makes DingTalk forget what it gave before.
CREATE TABLE failed_list_reading (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    holder       uuid,
    held_by      text,
    held_since   timestamptz,
    lease_until  timestamptz NOT NULL DEFAULT '-infinity',
    -- Set before each call and cleared with what it gave: where a reader finds it set, an answer is lost.
    asking_since timestamptz,
    -- When the last reading ended that saw the end of the list.
    read_at      timestamptz NOT NULL DEFAULT '-infinity',
    -- When the service reads again.
    due_at       timestamptz NOT NULL DEFAULT '-infinity',
    -- When it reads once more after a downtime: DingTalk lists a failed push minutes later.
    again_at     timestamptz NOT NULL DEFAULT 'infinity',
    -- Why the last reading failed, so that the log says it once.
    problem      text
);
INSERT INTO failed_list_reading DEFAULT VALUES;
