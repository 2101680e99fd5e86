-- Everybody who is already known, without the locks of the triggers: the service computes the terms in batches.
INSERT INTO search_term_due (id, is_case)
SELECT userid, false FROM staff UNION ALL SELECT id::text, true FROM unmatched_login
ON CONFLICT DO NOTHING;
