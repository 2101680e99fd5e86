-- What each transaction changed about a person: the fields of DingTalk's record with their former and new values, as
-- text. Kept by triggers, so that events, syncs, approvals and the writes of every version count. The status and the
-- unionid are on the audit trail.
CREATE TABLE staff_history (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xact   xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at     timestamptz NOT NULL DEFAULT now(),
    userid text NOT NULL,
    -- The changed fields. Several statements of a transaction may change the same one.
    before jsonb NOT NULL,
    after  jsonb NOT NULL,
    UNIQUE (userid, xact)
);
CREATE INDEX staff_history_at ON staff_history (at);

-- By row, because a statement may change any number of rows, and the plan of a join over them is made for the first
-- statement of a session.
CREATE FUNCTION record_staff_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO staff_history AS h (userid, before, after)
    SELECT NEW.userid, jsonb_object_agg(f.field, f.old), jsonb_object_agg(f.field, f.new)
    FROM (VALUES
        ('name', OLD.name, NEW.name), ('avatar', OLD.avatar, NEW.avatar), ('job_number', OLD.job_number, NEW.job_number),
        ('title', OLD.title, NEW.title), ('mobile', OLD.mobile, NEW.mobile), ('email', OLD.email, NEW.email),
        ('hired_date', to_jsonb(OLD.hired_date) #>> '{}', to_jsonb(NEW.hired_date) #>> '{}')) AS f (field, old, new)
    WHERE f.old IS DISTINCT FROM f.new
    ON CONFLICT (userid, xact) DO UPDATE SET before = excluded.before || h.before, after = h.after || excluded.after;
    RETURN NULL;
END $$;

-- The departments of people before and after a statement, of the memberships that it removed and added. The first
-- departments of a person who was added in the same transaction are no change; nor is the order of departments.
CREATE FUNCTION record_department_history(gone jsonb, came jsonb) RETURNS void LANGUAGE sql AS $$
    WITH removed AS (
        SELECT * FROM jsonb_to_recordset(gone) AS r (userid text, dept_id bigint, is_leader boolean)
    ), added AS (
        SELECT * FROM jsonb_to_recordset(came) AS r (userid text, dept_id bigint, is_leader boolean)
    ), former AS (
        SELECT * FROM removed
        UNION ALL SELECT m.userid, m.dept_id, m.is_leader FROM staff_department m
            WHERE m.userid IN (SELECT userid FROM removed UNION SELECT userid FROM added)
              AND NOT EXISTS (SELECT FROM added a WHERE a.userid = m.userid AND a.dept_id = m.dept_id)
    ), places AS (
        SELECT userid, dept_id, is_leader, true AS is_former FROM former
        UNION ALL SELECT userid, dept_id, is_leader, false FROM staff_department
            WHERE userid IN (SELECT userid FROM removed UNION SELECT userid FROM added)
    ), lists AS (
        SELECT userid,
            string_agg(dept_id || CASE WHEN is_leader THEN ' (leader)' ELSE '' END, ', ' ORDER BY dept_id) FILTER (WHERE is_former) AS old,
            string_agg(dept_id || CASE WHEN is_leader THEN ' (leader)' ELSE '' END, ', ' ORDER BY dept_id) FILTER (WHERE NOT is_former) AS new
        FROM places GROUP BY userid
    )
    INSERT INTO staff_history AS h (userid, before, after)
    SELECT userid, jsonb_build_object('departments', old), jsonb_build_object('departments', new) FROM lists ORDER BY userid
    ON CONFLICT (userid, xact) DO UPDATE SET before = excluded.before || h.before, after = h.after || excluded.after
$$;

CREATE FUNCTION record_staff_department_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone jsonb := '[]';
    came jsonb := '[]';
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT jsonb_agg(to_jsonb(n)) INTO came FROM new_rows n JOIN staff s USING (userid) WHERE s.created_at <> now();
    ELSIF TG_OP = 'DELETE' THEN
        SELECT jsonb_agg(to_jsonb(o)) INTO gone FROM old_rows o JOIN staff s USING (userid) WHERE s.created_at <> now();
    ELSE
        SELECT jsonb_agg(to_jsonb(r)) INTO gone FROM (
            SELECT userid, dept_id, is_leader FROM old_rows EXCEPT SELECT userid, dept_id, is_leader FROM new_rows) r;
        SELECT jsonb_agg(to_jsonb(r)) INTO came FROM (
            SELECT userid, dept_id, is_leader FROM new_rows EXCEPT SELECT userid, dept_id, is_leader FROM old_rows) r;
    END IF;
    IF gone IS NOT NULL AND came IS NOT NULL THEN
        PERFORM record_department_history(gone, came);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER staff_record_history AFTER UPDATE ON staff FOR EACH ROW
    WHEN ((OLD.name, OLD.avatar, OLD.job_number, OLD.title, OLD.mobile, OLD.email, OLD.hired_date)
        IS DISTINCT FROM (NEW.name, NEW.avatar, NEW.job_number, NEW.title, NEW.mobile, NEW.email, NEW.hired_date))
    EXECUTE FUNCTION record_staff_history();
CREATE TRIGGER staff_department_record_new_history AFTER INSERT ON staff_department REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_staff_department_history();
CREATE TRIGGER staff_department_record_gone_history AFTER DELETE ON staff_department REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_staff_department_history();
CREATE TRIGGER staff_department_record_changed_history AFTER UPDATE ON staff_department REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_staff_department_history();
