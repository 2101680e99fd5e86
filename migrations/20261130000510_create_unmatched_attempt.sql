-- The refused logins of a case, one row each; only the last 100 of a case are kept.
CREATE TABLE unmatched_attempt (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id   bigint NOT NULL REFERENCES unmatched_login (id) ON DELETE CASCADE,
    at        timestamptz NOT NULL DEFAULT now(),
    reason    text NOT NULL CHECK (reason IN ('pending_review', 'left', 'not_employee', 'rejected')),
    -- The number that the person read on the page.
    reference text NOT NULL,
    address   text NOT NULL
);
CREATE INDEX unmatched_attempt_case_id ON unmatched_attempt (case_id, id);
