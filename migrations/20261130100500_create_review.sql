-- People who scanned and could not be admitted: one case per person.
CREATE TABLE unmatched_login (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unionid         text NOT NULL UNIQUE,
    -- The person's userid according to DingTalk; NULL if it knows none.
    userid          text,
    nick            text NOT NULL,
    reason          text NOT NULL CHECK (reason IN ('pending_review', 'left', 'not_employee')),
    state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'rejected', 'closed')),
    attempts        integer NOT NULL DEFAULT 1,
    first_seen_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at    timestamptz NOT NULL DEFAULT now(),
    last_request_id text NOT NULL,
    decided_by      text,
    decided_at      timestamptz,
    decision_reason text,
    -- A rejection is about the person, under the unionid and the userid of the case, or about the account alone.
    decision_scope  text NOT NULL DEFAULT 'person' CHECK (decision_scope IN ('person', 'account')),
    -- Which id of a rejected case the last attempt had, and the unionid that it came under.
    matched_id      text CHECK (matched_id IN ('unionid', 'userid')),
    matched_unionid text
);
CREATE INDEX unmatched_login_userid ON unmatched_login (userid);
CREATE INDEX unmatched_login_state ON unmatched_login (state, last_seen_at DESC);
-- Each session is checked against these.
CREATE INDEX unmatched_login_rejected_userid ON unmatched_login (userid) WHERE state = 'rejected' AND decision_scope = 'person';

-- The refused logins of a case, one row each; only the last 100 of a case are kept.
CREATE TABLE unmatched_attempt (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id    bigint NOT NULL REFERENCES unmatched_login (id) ON DELETE CASCADE,
    at         timestamptz NOT NULL DEFAULT now(),
    reason     text NOT NULL CHECK (reason IN ('pending_review', 'left', 'not_employee', 'rejected')),
    -- The number on the page that the person saw.
    request_id text NOT NULL,
    ip         text NOT NULL
);
CREATE INDEX unmatched_attempt_case_id ON unmatched_attempt (case_id, id);

-- Bulk decisions: a job and its cases, each with its own outcome.
CREATE TABLE review_job (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action             text NOT NULL CHECK (action IN ('approve', 'reject', 'reopen')),
    reason             text NOT NULL DEFAULT '',
    -- The pair of whoever started it, in whose name it acts.
    created_by         text NOT NULL,
    created_by_unionid text,
    created_at         timestamptz NOT NULL DEFAULT now(),
    finished_at        timestamptz,
    claimed_by         uuid,
    claimed_until      timestamptz
);
CREATE INDEX review_job_open ON review_job (id) WHERE finished_at IS NULL;

CREATE TABLE review_job_item (
    job_id   bigint NOT NULL REFERENCES review_job (id) ON DELETE CASCADE,
    position integer NOT NULL,
    case_id  bigint NOT NULL,
    nick     text NOT NULL,
    state    text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'refused')),
    -- The code of a refusal.
    outcome  text,
    PRIMARY KEY (job_id, position)
);
