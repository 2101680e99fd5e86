-- What a company has left behind after some months; nothing of it waits for work.
INSERT INTO staff (userid, unionid, name, title, job_number, status, left_at, left_cause)
SELECT 'former' || n, 'UnionOfFormer' || n, '前同事' || n, '工程师', 'F-' || n, 'left', now() - n * interval '8 hours', 'event'
FROM generate_series(1, 300) n;

INSERT INTO app (name, url, description, colour, position, is_for_all)
SELECT '应用' || n, 'https://app' || n || '.example.com', '公司的应用', (ARRAY['blue', 'green', 'orange'])[1 + n % 3], n, true
FROM generate_series(1, 20) n;

INSERT INTO event (dedupe_key, event_type, event_time, userids, body, state, received_at, applied_at, last_error)
SELECT 'past-' || n, (ARRAY['user_modify_org', 'user_add_org', 'user_leave_org', 'org_admin_add'])[1 + n % 4],
    now() - n * interval '1 minute', ARRAY[s.userid],
    jsonb_build_object('EventType', 'user_modify_org', 'UserId', jsonb_build_array(s.userid), 'OptStaffId', 'manager01'),
    CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'applied' END, now() - n * interval '1 minute',
    CASE WHEN n % 100 = 0 THEN NULL ELSE now() - n * interval '1 minute' END,
    CASE WHEN n % 100 = 0 THEN '88: system busy' END
FROM generate_series(1, 20000) n
JOIN (SELECT userid, row_number() OVER (ORDER BY userid) AS place FROM staff WHERE status = 'employed') s
    ON s.place = 1 + n % 3000;

INSERT INTO web_session (id, key_hash, userid, unionid, csrf_token, created_at, last_seen_at, idle_expires_at, expires_at, method, ip, user_agent)
SELECT gen_random_uuid(), sha256(convert_to(s.userid, 'UTF8')), s.userid, s.unionid, 'token', now() - interval '1 hour',
    now() - interval '10 minutes', now() + interval '7 hours', now() + interval '6 days',
    CASE WHEN s.userid LIKE 'manager%' THEN 'in_app' ELSE 'qr' END, '10.1.2.3',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'
FROM staff s WHERE s.status = 'employed';

INSERT INTO audit_entry (at, actor, actor_kind, action, userid, unionid, name, status, reason, reference, ip)
SELECT now() - n * interval '2 minutes', s.userid, 'person', CASE WHEN n % 9 = 0 THEN 'logout' ELSE 'login' END, s.userid,
    s.unionid, s.name, CASE WHEN n % 9 = 0 THEN 'out' ELSE 'in' END, 'qr', md5(n::text), '10.1.2.3'
FROM generate_series(1, 50000) n
JOIN (SELECT userid, unionid, name, row_number() OVER (ORDER BY userid) AS place FROM staff WHERE status = 'employed') s
    ON s.place = 1 + n % 3000;

INSERT INTO unmatched_login (unionid, nick, reason, state, attempts, first_seen_at, last_seen_at, last_request_id)
SELECT 'Stranger' || n, '访客' || n, (ARRAY['pending_review', 'left', 'not_employee'])[1 + n % 3],
    CASE WHEN n % 4 = 0 THEN 'waiting' ELSE 'closed' END, 1 + n % 5, now() - n * interval '1 hour', now() - n * interval '50 minutes', md5(n::text)
FROM generate_series(1, 2000) n;

INSERT INTO webhook_delivery (message_type, userid, subject, body, state, created_at, series_started_at, attempts, last_status, last_error, delivered_at)
SELECT 'staff.updated', s.userid, s.name, '{}', CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'delivered' END,
    now() - n * interval '10 minutes', now() - n * interval '10 minutes', 1, CASE WHEN n % 50 = 0 THEN 500 ELSE 200 END,
    CASE WHEN n % 50 = 0 THEN 'status' END, CASE WHEN n % 50 = 0 THEN NULL ELSE now() - n * interval '10 minutes' END
FROM generate_series(1, 2000) n
JOIN (SELECT userid, name, row_number() OVER (ORDER BY userid) AS place FROM staff WHERE status = 'employed') s
    ON s.place = 1 + n % 3000;

INSERT INTO sync_run (cause, started_by, state, started_at, finished_at, instance, lease_until, calls, is_complete, unchanged)
SELECT 'schedule', 'schedule', 'done', now() - n * interval '6 hours' - interval '1 minute', now() - n * interval '6 hours',
    gen_random_uuid(), now() - n * interval '6 hours', 400, true, 3000
FROM generate_series(1, 300) n;

ANALYZE;
