-- A grant names a role; that of a reviewer may be limited to departments, with those below them.
ALTER TABLE admin_grant
    ADD COLUMN role        text NOT NULL DEFAULT 'admin',
    -- NULL: not limited.
    ADD COLUMN departments bigint[];
ALTER TABLE admin_grant
    ADD CONSTRAINT admin_grant_role CHECK (role IN ('admin', 'reviewer', 'auditor')) NOT VALID,
    ADD CONSTRAINT admin_grant_departments
        CHECK (departments IS NULL OR role = 'reviewer' AND cardinality(departments) > 0) NOT VALID;

-- The pairs that have a role, as far as these tables tell: those from DINGGATE_ADMINS have theirs only while it
-- names them, and nobody has any without an employed row of the same pair.
CREATE VIEW role_right AS
    SELECT userid, unionid, 'granted' AS source, role, departments FROM admin_grant WHERE ended_at IS NULL AND unionid IS NOT NULL
    UNION ALL
    SELECT userid, unionid, 'settings', 'admin', NULL FROM admin_binding WHERE ended_at IS NULL AND unionid IS NOT NULL;

-- Only administrators: the version before reads this view and knows no other role.
CREATE OR REPLACE VIEW admin_right AS
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
