-- An administrator's rights bind the pair of userid and unionid.
ALTER TABLE admin_grant
    ADD COLUMN unionid  text,
    -- Set while the leave event that has ended the grant may still prove false; otherwise the row is deleted.
    ADD COLUMN ended_at timestamptz;

-- The unionid that each userid of DINGGATE_ADMINS was bound to, once and for all.
CREATE TABLE admin_binding (
    userid        text PRIMARY KEY,
    -- NULL where DingTalk did not know the userid.
    unionid       text,
    bound_at      timestamptz NOT NULL DEFAULT now(),
    ended_at      timestamptz,
    -- Whether the leave event that has ended it may still prove false.
    is_restorable boolean NOT NULL DEFAULT false,
    CHECK (ended_at IS NOT NULL OR NOT is_restorable)
);

-- The pairs that have rights, as far as these tables tell: those from DINGGATE_ADMINS have theirs only while it
-- names them, and nobody has any without an employed row of the same pair.
CREATE VIEW admin_right AS
    SELECT userid, unionid, 'granted' AS source FROM admin_grant WHERE ended_at IS NULL AND unionid IS NOT NULL
    UNION ALL
    SELECT userid, unionid, 'settings' FROM admin_binding WHERE ended_at IS NULL AND unionid IS NOT NULL;

UPDATE admin_grant g SET unionid = s.unionid FROM staff s WHERE s.userid = g.userid AND s.status = 'employed';
-- Without a pair there is nothing to bind: the person has left, or DingTalk has never shown the unionid.
WITH revoked AS (DELETE FROM admin_grant WHERE unionid IS NULL RETURNING userid)
INSERT INTO audit_entry (actor, actor_kind, action, userid, unionid, name, status)
SELECT 'system', 'system', 'admin.revoke', r.userid, s.unionid, s.name,
    CASE s.status WHEN 'employed' THEN 'no_unionid' WHEN 'left' THEN 'left' ELSE 'no_row' END
FROM revoked r LEFT JOIN staff s USING (userid) ORDER BY r.userid;

-- Whoever started a bulk decision acts under the pair, too.
ALTER TABLE review_job ADD COLUMN created_by_unionid text;
