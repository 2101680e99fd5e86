-- The cookie of a browser in which somebody was told to wait for a review: it reveals what has become of that case, and
-- nothing else. Only the hash of its value is kept.
CREATE TABLE waiting_ticket (
    token_hash  bytea PRIMARY KEY,
    case_id     bigint NOT NULL REFERENCES unmatched_login (id) ON DELETE CASCADE,
    -- Where the person wanted to go.
    return_path text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL
);
CREATE INDEX waiting_ticket_case_id ON waiting_ticket (case_id, created_at);
CREATE INDEX waiting_ticket_expires_at ON waiting_ticket (expires_at);
