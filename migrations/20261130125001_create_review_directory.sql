-- Who the person of a case is in DingTalk's directory, looked up by a lane of the queue as soon as the case exists.

-- What DingTalk has answered; without contact data, which no decision needs.
CREATE TABLE unmatched_person (
    case_id     bigint PRIMARY KEY REFERENCES unmatched_login (id) ON DELETE CASCADE,
    standing    text NOT NULL CHECK (standing IN ('member', 'external', 'unlisted')),
    -- When DingTalk was asked: an older answer never replaces a newer one.
    observed_at timestamptz NOT NULL,
    -- Of a member only.
    userid      text,
    name        text,
    avatar      text,
    job_number  text,
    title       text,
    hired_date  timestamptz,
    dept_ids    bigint[] NOT NULL DEFAULT '{}'
);

-- The cases whose person has yet to be looked up.
CREATE TABLE unmatched_lookup (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id       bigint NOT NULL UNIQUE REFERENCES unmatched_login (id) ON DELETE CASCADE,
    due_at        timestamptz NOT NULL DEFAULT now(),
    attempts      integer NOT NULL DEFAULT 0,
    last_error    text,
    claimed_by    uuid,
    claimed_until timestamptz
);
CREATE INDEX unmatched_lookup_due_at ON unmatched_lookup (due_at);
CREATE TRIGGER unmatched_lookup_notify_work AFTER INSERT ON unmatched_lookup
    FOR EACH ROW EXECUTE FUNCTION notify_work('review_lookups');

-- Cases that wait from before are looked up, too; of outsiders the login knew already.
INSERT INTO unmatched_lookup (case_id)
SELECT id FROM unmatched_login WHERE state = 'waiting' AND reason <> 'not_employee' ORDER BY id;

ALTER TABLE queue_lane DROP CONSTRAINT queue_lane_name_check;
ALTER TABLE queue_lane ADD CONSTRAINT queue_lane_name_check CHECK (name IN ('events', 'rechecks', 'reviews',
    'review_lookups', 'staff_changes', 'webhook_payloads', 'webhook_deliveries')) NOT VALID;
ALTER TABLE queue_lane VALIDATE CONSTRAINT queue_lane_name_check;

-- The ids of the review cases that concern only people in these departments or below them. Evidence are the staff rows
-- with one of the case's ids, and the departments of the person in DingTalk's directory: there must be some, and all of
-- it within. Outsiders are nobody's.
CREATE OR REPLACE FUNCTION cases_within(tops bigint[]) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    WITH evidence (id, is_within) AS (
        SELECT c.id, s.userid IN (SELECT staff_within(tops)) FROM unmatched_login c JOIN staff s ON s.unionid = c.unionid
        UNION ALL
        SELECT c.id, s.userid IN (SELECT staff_within(tops)) FROM unmatched_login c JOIN staff s ON s.userid = c.userid
        UNION ALL
        SELECT p.case_id, p.dept_ids && ARRAY(SELECT departments_within(tops)) FROM unmatched_person p WHERE p.standing = 'member'
    )
    SELECT c.id FROM evidence e JOIN unmatched_login c USING (id) LEFT JOIN unmatched_person p ON p.case_id = c.id
    WHERE c.reason <> 'not_employee' AND p.standing IS DISTINCT FROM 'external'
    GROUP BY c.id HAVING bool_and(e.is_within)
$$;
