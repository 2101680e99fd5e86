-- The scheduled moment of the full sync that an instance has taken last. One row; none before the first start.
CREATE TABLE sync_schedule (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    moment   timestamptz NOT NULL,
    -- How often it has been tried.
    tries    integer NOT NULL CHECK (tries >= 0),
    -- When it is tried again, unless a complete run has begun since the moment; null where it is left to rest.
    try_at   timestamptz
);
