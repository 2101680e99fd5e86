-- Moves those who wait apart in time, so that the pictures do not say "just now" everywhere.
UPDATE unmatched_login SET
    first_seen_at = now() - place * interval '97 minutes' - attempts * interval '5 hours',
    last_seen_at = now() - place * interval '23 minutes' + interval '19 minutes'
FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS place FROM unmatched_login) AS placed
WHERE placed.id = unmatched_login.id;

-- A fortnight of a company's life, fewer on weekends, for the charts of the overview.
INSERT INTO audit_entry (at, actor, actor_kind, action, userid, status, reason)
SELECT now() - day * interval '1 day' - n * interval '3 minutes', 'zhangsan01', 'person', 'login', 'zhangsan01', 'in', 'qr'
FROM generate_series(1, 13) AS day, generate_series(1, 60) AS n
WHERE n < 18 + (day * 7) % 11 + CASE WHEN extract(isodow FROM now() - day * interval '1 day') < 6 THEN 30 ELSE 0 END;
INSERT INTO audit_entry (at, actor, actor_kind, action, name, status)
SELECT now() - day * interval '1 day' - n * interval '9 minutes', 'system', 'system', 'refusal', '-',
    CASE WHEN n < 2 THEN 'not_employee' WHEN n < 5 THEN 'left' ELSE 'pending_review' END
FROM generate_series(1, 13) AS day, generate_series(1, 8) AS n WHERE n <= (day * 5) % 7;
INSERT INTO event (dedupe_key, event_type, state, received_at, applied_at)
SELECT 'picture:' || day || ':' || n, 'user_modify_org', 'applied', at, at + (n % 9 + 1) * interval '110 milliseconds'
FROM generate_series(1, 13) AS day, generate_series(1, 30) AS n,
    LATERAL (SELECT now() - day * interval '1 day' - n * interval '5 minutes' AS at) AS placed WHERE n <= 4 + (day * 11) % 23;
