-- What people are found by, and what has changed about them.

-- The terms of a staff row or a review case: a search finds all whose terms begin with it. They are computed by the
-- service, because Postgres cannot spell names in pinyin.
CREATE TABLE search_term (
    -- In the collation in which an index finds what begins with a text.
    term       text COLLATE "C" NOT NULL,
    -- A userid, or the id of a case.
    id         text NOT NULL,
    is_case    boolean NOT NULL,
    -- Part of a mobile number or an e-mail address, which auditors may not search.
    is_contact boolean NOT NULL
);
-- A search that leaves out contact data does not read past it either.
CREATE INDEX search_term_term ON search_term (is_contact, term, id);
CREATE INDEX search_term_id ON search_term (id, is_case);

-- The rows whose terms have to be computed, kept by triggers, so that the writes of every version count.
CREATE TABLE search_term_due (
    id      text NOT NULL,
    is_case boolean NOT NULL,
    -- Written by each change: while its transaction is open, the row is locked, and nobody takes the former values.
    due_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, is_case)
);
-- The next batch, without sorting everybody.
CREATE INDEX search_term_due_due_at ON search_term_due (due_at);

-- By row, because a statement may change any number of rows, and the plan of a join over them is made for the first
-- statement of a session.
CREATE FUNCTION queue_staff_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_term_due (id, is_case) VALUES (NEW.userid, false)
    ON CONFLICT (id, is_case) DO UPDATE SET due_at = now();
    RETURN NULL;
END $$;
CREATE FUNCTION queue_case_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_term_due (id, is_case) VALUES (coalesce(NEW.id, OLD.id)::text, true)
    ON CONFLICT (id, is_case) DO UPDATE SET due_at = now();
    RETURN NULL;
END $$;

-- The person of a case in the directory.
CREATE FUNCTION queue_case_person_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_term_due (id, is_case) VALUES (NEW.case_id::text, true)
    ON CONFLICT (id, is_case) DO UPDATE SET due_at = now();
    RETURN NULL;
END $$;

CREATE TRIGGER staff_queue_new_terms AFTER INSERT ON staff FOR EACH ROW EXECUTE FUNCTION queue_staff_terms();
CREATE TRIGGER staff_queue_changed_terms AFTER UPDATE ON staff FOR EACH ROW
    WHEN ((OLD.name, OLD.unionid, OLD.job_number, OLD.mobile, OLD.email)
        IS DISTINCT FROM (NEW.name, NEW.unionid, NEW.job_number, NEW.mobile, NEW.email))
    EXECUTE FUNCTION queue_staff_terms();
CREATE TRIGGER unmatched_login_queue_new_terms AFTER INSERT OR DELETE ON unmatched_login FOR EACH ROW
    EXECUTE FUNCTION queue_case_terms();
CREATE TRIGGER unmatched_login_queue_changed_terms AFTER UPDATE ON unmatched_login FOR EACH ROW
    WHEN ((OLD.nick, OLD.unionid, OLD.userid) IS DISTINCT FROM (NEW.nick, NEW.unionid, NEW.userid))
    EXECUTE FUNCTION queue_case_terms();
CREATE TRIGGER unmatched_person_queue_new_terms AFTER INSERT ON unmatched_person FOR EACH ROW
    EXECUTE FUNCTION queue_case_person_terms();
CREATE TRIGGER unmatched_person_queue_changed_terms AFTER UPDATE ON unmatched_person FOR EACH ROW
    WHEN ((OLD.name, OLD.userid, OLD.job_number) IS DISTINCT FROM (NEW.name, NEW.userid, NEW.job_number))
    EXECUTE FUNCTION queue_case_person_terms();
