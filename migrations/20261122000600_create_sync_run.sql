CREATE TABLE sync_run (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cause       text NOT NULL CHECK (cause IN ('empty', 'command', 'admin')),
    started_by  text NOT NULL,
    state       text NOT NULL CHECK (state IN ('running', 'done', 'partial', 'stopped', 'failed')),
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    instance    uuid NOT NULL,
    lease_until timestamptz NOT NULL,
    calls       integer NOT NULL DEFAULT 0,
    added       integer NOT NULL DEFAULT 0,
    changed     integer NOT NULL DEFAULT 0,
    returned    integer NOT NULL DEFAULT 0,
    left_count  integer NOT NULL DEFAULT 0,
    unchanged   integer NOT NULL DEFAULT 0,
    skipped     integer NOT NULL DEFAULT 0,
    -- Leavers that the brake held back.
    held_back   integer NOT NULL DEFAULT 0,
    error       text
);
-- One run at a time.
CREATE UNIQUE INDEX sync_run_running ON sync_run ((true)) WHERE state = 'running';
