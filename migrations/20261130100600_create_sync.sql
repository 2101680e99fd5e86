-- Runs of the full sync.
CREATE TABLE sync_run (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cause               text NOT NULL CHECK (cause IN ('empty', 'command', 'admin', 'schedule', 'approval', 'lost_events')),
    started_by          text NOT NULL,
    state               text NOT NULL CHECK (state IN ('running', 'done', 'partial', 'stopped', 'failed')),
    -- A dry run takes the place of a run while it works, but changes nothing.
    is_dry_run          boolean NOT NULL DEFAULT false,
    started_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at         timestamptz,
    instance            uuid NOT NULL,
    lease_until         timestamptz NOT NULL,
    calls               integer NOT NULL DEFAULT 0,
    -- Whether every department was read without any error.
    is_complete         boolean NOT NULL DEFAULT false,
    added               integer NOT NULL DEFAULT 0,
    changed             integer NOT NULL DEFAULT 0,
    returned            integer NOT NULL DEFAULT 0,
    left_count          integer NOT NULL DEFAULT 0,
    unchanged           integer NOT NULL DEFAULT 0,
    skipped             integer NOT NULL DEFAULT 0,
    -- Leavers above the leaver threshold.
    withheld            integer NOT NULL DEFAULT 0,
    -- Changes to people that no event had announced.
    unannounced         integer NOT NULL DEFAULT 0,
    departments_added   integer NOT NULL DEFAULT 0,
    departments_changed integer NOT NULL DEFAULT 0,
    departments_removed integer NOT NULL DEFAULT 0,
    error               text,
    -- The stopped run whose leavers this one marks.
    approves            bigint REFERENCES sync_run (id) ON DELETE SET NULL,
    -- What was decided about the withheld leavers; after a day without a decision, nothing is.
    decision            text CHECK (decision IN ('approved', 'discarded', 'superseded')),
    decided_by          text,
    decided_at          timestamptz
);
-- One run at a time.
CREATE UNIQUE INDEX sync_run_running ON sync_run ((true)) WHERE state = 'running';
CREATE INDEX sync_run_approves ON sync_run (approves) WHERE approves IS NOT NULL;

-- What a run changed, withheld and skipped, record by record.
CREATE TABLE sync_change (
    run_id       bigint NOT NULL REFERENCES sync_run (id) ON DELETE CASCADE,
    position     integer NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('added', 'changed', 'returned', 'left', 'withheld', 'skipped',
                     'department_added', 'department_changed', 'department_removed')),
    userid       text,
    dept_id      bigint,
    name         text,
    -- [{"field", "old", "new"}]
    differences  jsonb NOT NULL DEFAULT '[]',
    -- Why the record was skipped, and for 'bad_record' the field that DingTalk's record lacks.
    reason       text CHECK (reason IN ('held', 'has_left', 'unionid_shared', 'still_known', 'known_again', 'bad_record',
                     'not_stored', 'overtaken')),
    reason_field text,
    CHECK ((reason IS NOT DISTINCT FROM 'bad_record') = (reason_field IS NOT NULL)),
    PRIMARY KEY (run_id, position)
);
CREATE INDEX sync_change_kind ON sync_change (run_id, kind, position);

-- What the current run has read about each person. Worthless without that run, and so not logged: a crash of
-- Postgres empties it, which the run notices.
CREATE UNLOGGED TABLE staging_person (
    run_id  bigint NOT NULL,
    userid  text NOT NULL,
    unionid text,
    -- JSON as text, since a name may contain what jsonb does not accept.
    record  json NOT NULL,
    -- No other index: Postgres's statistics of this table describe the previous run, and it would choose
    -- wrongly between two.
    PRIMARY KEY (run_id, userid)
);

-- What the current run will do: rows of sync_change, and what it takes to apply them.
CREATE UNLOGGED TABLE staging_change (
    run_id        bigint NOT NULL,
    position      integer NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('added', 'changed', 'returned', 'left', 'withheld', 'skipped',
                      'department_added', 'department_changed', 'department_removed')),
    userid        text,
    dept_id       bigint,
    name          text,
    differences   jsonb NOT NULL,
    reason        text,
    reason_field  text,
    -- In which step the person is written.
    step          text CHECK (step IN ('leave', 'move', 'return', 'add', 'change')),
    -- What the person's row will hold, and when DingTalk was asked.
    person        json,
    asked_at      timestamptz,
    -- An event changed the person's row first, or Postgres rejected the record.
    is_superseded boolean NOT NULL DEFAULT false,
    PRIMARY KEY (run_id, position)
);
CREATE INDEX staging_change_step ON staging_change (run_id, step, position);
CREATE UNIQUE INDEX staging_change_userid ON staging_change (run_id, userid) WHERE step IS NOT NULL;

-- The scheduled time of the full sync that an instance claimed last. One row; none before the first start.
CREATE TABLE sync_schedule (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    scheduled_at timestamptz NOT NULL,
    attempts     integer NOT NULL CHECK (attempts >= 0),
    -- When it is retried, unless a complete run has started since; NULL once it is not retried any more.
    retry_at     timestamptz
);
