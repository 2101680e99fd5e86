-- People who scanned and could not be let in: one case a person.
CREATE TABLE unmatched_login (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unionid         text NOT NULL UNIQUE,
    -- What DingTalk says this person's userid is; NULL where it knows none.
    userid          text,
    nick            text NOT NULL,
    reason          text NOT NULL CHECK (reason IN ('pending_review', 'left', 'not_employee')),
    state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'rejected', 'closed')),
    attempts        integer NOT NULL DEFAULT 1,
    first_seen_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at    timestamptz NOT NULL DEFAULT now(),
    last_reference  text NOT NULL,
    decided_by      text,
    decided_at      timestamptz,
    decision_reason text
);
CREATE INDEX unmatched_login_userid ON unmatched_login (userid);
CREATE INDEX unmatched_login_state ON unmatched_login (state, last_seen_at DESC);

-- Decisions in bulk: a job and its people, each with an outcome of its own.
CREATE TABLE review_job (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action        text NOT NULL CHECK (action IN ('approve', 'reject', 'reopen')),
    reason        text NOT NULL DEFAULT '',
    created_by    text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz,
    claimed_by    uuid,
    claimed_until timestamptz
);
CREATE INDEX review_job_open ON review_job (id) WHERE finished_at IS NULL;
CREATE TABLE review_job_item (
    job_id       bigint NOT NULL REFERENCES review_job (id) ON DELETE CASCADE,
    position     integer NOT NULL,
    case_id      bigint NOT NULL,
    nick         text NOT NULL,
    -- waiting, done, refused (with the code of the refusal)
    state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'refused')),
    outcome      text,
    PRIMARY KEY (job_id, position)
);
