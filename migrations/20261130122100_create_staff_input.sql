-- The rows of the staff table that DingTalk's records become: one list of these columns for every statement that
-- writes them.
CREATE FUNCTION staff_input(people json)
    RETURNS TABLE (userid text, unionid text, name text, avatar text, job_number text, title text, mobile text,
                   email text, hired_date timestamptz, observed_at timestamptz)
    LANGUAGE sql STABLE AS $$
    SELECT * FROM json_to_recordset(people) AS n (userid text, unionid text, name text, avatar text, job_number text,
        title text, mobile text, email text, hired_date timestamptz, observed_at timestamptz)
$$;
