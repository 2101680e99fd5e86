-- What a full sync has planned and done is kept, and what the brake has stopped waits for a decision.

ALTER TABLE sync_run DROP CONSTRAINT sync_run_cause_check;
ALTER TABLE sync_run ADD CONSTRAINT sync_run_cause_check
    CHECK (cause IN ('empty', 'command', 'admin', 'schedule', 'approval', 'lost_events'));
ALTER TABLE sync_run
    -- The stopped run whose leavers this one marks.
    ADD COLUMN approves bigint REFERENCES sync_run (id) ON DELETE SET NULL,
    -- What became of the leavers that the brake held back; after a day without a decision, nothing.
    ADD COLUMN decision text CHECK (decision IN ('approved', 'discarded', 'superseded')),
    ADD COLUMN decided_by text,
    ADD COLUMN decided_at timestamptz,
    -- Whether every department was read without any error.
    ADD COLUMN is_complete boolean NOT NULL DEFAULT false,
    -- Changes to people that no event had announced.
    ADD COLUMN unannounced integer NOT NULL DEFAULT 0,
    ADD COLUMN departments_added integer NOT NULL DEFAULT 0,
    ADD COLUMN departments_changed integer NOT NULL DEFAULT 0,
    ADD COLUMN departments_removed integer NOT NULL DEFAULT 0;
UPDATE sync_run SET is_complete = true WHERE state IN ('done', 'stopped');
-- Whom those runs would have marked was not kept, so that nobody can decide about it.
UPDATE sync_run SET decision = 'superseded', decided_at = now() WHERE state = 'stopped';
CREATE INDEX sync_run_approves ON sync_run (approves) WHERE approves IS NOT NULL;

-- What a run has done, held back and passed over, record by record.
CREATE TABLE sync_change (
    run_id      bigint NOT NULL REFERENCES sync_run (id) ON DELETE CASCADE,
    position    integer NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('added', 'changed', 'returned', 'left', 'held_back', 'skipped',
                    'department_added', 'department_changed', 'department_removed')),
    userid      text,
    dept_id     bigint,
    name        text,
    -- [{"field", "old", "new"}]
    differences jsonb NOT NULL DEFAULT '[]',
    -- Why the record was skipped, and for 'bad_record' the field that DingTalk's record lacks.
    reason      text CHECK (reason IN ('held', 'has_left', 'unionid_shared', 'still_known', 'known_again', 'bad_record',
                    'not_stored', 'overtaken')),
    reason_field text,
    CHECK ((reason IS NOT DISTINCT FROM 'bad_record') = (reason_field IS NOT NULL)),
    PRIMARY KEY (run_id, position)
);
CREATE INDEX sync_change_kind ON sync_change (run_id, kind, position);

-- What the run that is at work has heard of each person. Worth nothing without that run, and so not
-- logged: a crash of Postgres empties it, which the run notices.
CREATE UNLOGGED TABLE sync_reading (
    run_id  bigint NOT NULL,
    userid  text NOT NULL,
    unionid text,
    -- JSON as it was written, since a name may hold what jsonb does not take.
    record  json NOT NULL,
    -- No other index: what Postgres knows of this table is about the run before, and it would choose
    -- wrongly between two.
    PRIMARY KEY (run_id, userid)
);

-- What the run that is at work will do: rows of sync_change, and what it takes to carry them out.
CREATE UNLOGGED TABLE sync_draft (
    run_id      bigint NOT NULL,
    position    integer NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('added', 'changed', 'returned', 'left', 'held_back', 'skipped',
                    'department_added', 'department_changed', 'department_removed')),
    userid      text,
    dept_id     bigint,
    name        text,
    differences jsonb NOT NULL,
    reason      text,
    reason_field text,
    -- In which step the person is written.
    step        text CHECK (step IN ('leave', 'move', 'return', 'add', 'change')),
    -- How the person is to be described, and when DingTalk was asked.
    person      json,
    asked_at    timestamptz,
    -- An event has changed the person's row first, or Postgres would not take the record.
    is_undone   boolean NOT NULL DEFAULT false,
    PRIMARY KEY (run_id, position)
);
CREATE INDEX sync_draft_step ON sync_draft (run_id, step, position);
CREATE UNIQUE INDEX sync_draft_userid ON sync_draft (run_id, userid) WHERE step IS NOT NULL;
