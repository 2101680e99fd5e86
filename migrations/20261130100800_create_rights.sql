-- Roles that were granted, each to a pair of userid and unionid.
CREATE TABLE admin_grant (
    userid      text PRIMARY KEY,
    unionid     text,
    role        text NOT NULL DEFAULT 'admin' CHECK (role IN ('admin', 'reviewer', 'auditor')),
    -- A reviewer may be limited to departments, with those below them. NULL: not limited.
    departments bigint[] CHECK (departments IS NULL OR role = 'reviewer' AND cardinality(departments) > 0),
    granted_by  text NOT NULL,
    granted_at  timestamptz NOT NULL DEFAULT now(),
    -- Set while the leave event that ended the grant may still prove false; otherwise the row is deleted.
    ended_at    timestamptz
);

-- The unionid that each userid of DINGGATE_ADMINS was bound to, once and for all.
CREATE TABLE admin_binding (
    userid        text PRIMARY KEY,
    -- NULL if DingTalk did not know the userid.
    unionid       text,
    bound_at      timestamptz NOT NULL DEFAULT now(),
    ended_at      timestamptz,
    -- Whether the leave event that ended it may still prove false.
    is_restorable boolean NOT NULL DEFAULT false,
    CHECK (ended_at IS NOT NULL OR NOT is_restorable)
);

-- The pairs that have a role, as far as these tables tell: those from DINGGATE_ADMINS have theirs only while it
-- names them, and nobody has any without an employed row of the same pair.
CREATE VIEW role_right AS
    SELECT userid, unionid, 'granted' AS source, role, departments FROM admin_grant WHERE ended_at IS NULL AND unionid IS NOT NULL
    UNION ALL
    SELECT userid, unionid, 'settings', 'admin', NULL FROM admin_binding WHERE ended_at IS NULL AND unionid IS NOT NULL;

-- Those of them who are administrators.
CREATE VIEW admin_right AS
    SELECT userid, unionid, source FROM role_right WHERE role = 'admin';

-- These departments and all below them. UNION ends at a cycle, which a move that was only half reported may create.
CREATE FUNCTION departments_within(tops bigint[]) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    WITH RECURSIVE within AS (
        SELECT unnest(tops) AS dept_id UNION SELECT d.dept_id FROM department d JOIN within ON d.parent_id = within.dept_id
    ) SELECT dept_id FROM within
$$;

-- The userids of the people in these departments or below them.
CREATE FUNCTION staff_within(tops bigint[]) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT m.userid FROM staff_department m WHERE m.dept_id IN (SELECT departments_within(tops))
$$;

-- The ids of the review cases that concern only people in these departments or below them: at least one of the case's
-- ids has a staff row, every such row is within, and the person is no outsider.
CREATE FUNCTION cases_within(tops bigint[]) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    WITH linked AS (
        SELECT c.id, s.userid FROM unmatched_login c JOIN staff s ON s.unionid = c.unionid WHERE c.reason <> 'not_employee'
        UNION SELECT c.id, s.userid FROM unmatched_login c JOIN staff s ON s.userid = c.userid WHERE c.reason <> 'not_employee'
    )
    SELECT id FROM linked GROUP BY id HAVING bool_and(userid IN (SELECT staff_within(tops)))
$$;
