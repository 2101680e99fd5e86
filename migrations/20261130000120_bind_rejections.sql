-- A rejection is about the person, under the unionid and the userid of the case, or about the account alone.
ALTER TABLE unmatched_login
    ADD COLUMN decision_scope text NOT NULL DEFAULT 'person' CHECK (decision_scope IN ('person', 'account')),
    -- Which id of a rejected case the last attempt had, and the unionid that it came under.
    ADD COLUMN matched_id      text CHECK (matched_id IN ('unionid', 'userid')),
    ADD COLUMN matched_unionid text;
-- Each session is checked against these.
CREATE INDEX unmatched_login_rejected_userid ON unmatched_login (userid) WHERE state = 'rejected' AND decision_scope = 'person';

-- DingTalk has named the userid of these people since they were rejected.
UPDATE unmatched_login u SET userid = s.userid FROM staff s
WHERE u.state = 'rejected' AND u.userid IS NULL AND s.unionid = u.unionid
  AND s.userid = (SELECT w.userid FROM staff w WHERE w.unionid = u.unionid ORDER BY w.status = 'employed' DESC, w.left_at DESC LIMIT 1);
