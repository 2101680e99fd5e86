-- Peers in private networks that send X-Forwarded-* without being trusted proxies: a warning of doctor.
CREATE TABLE untrusted_forwarder (
    peer    text PRIMARY KEY,
    header  text NOT NULL,
    last_at timestamptz NOT NULL DEFAULT now()
);

-- The oldest version of dinggate that may work on this schema; an older one refuses to start. One row.
-- A migration that takes something away raises it.
CREATE TABLE schema_requirement (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    min_version text NOT NULL CHECK (min_version ~ '^[0-9]{1,9}[.][0-9]{1,9}[.][0-9]{1,9}$')
);
INSERT INTO schema_requirement (min_version) VALUES ('0.1.0');
