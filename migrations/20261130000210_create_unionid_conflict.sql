-- People whose unionid in DingTalk's record belongs to another employed row, so that theirs cannot be written yet.
CREATE TABLE unionid_conflict (
    userid  text PRIMARY KEY,
    -- The unionid that DingTalk names for the person.
    unionid text NOT NULL,
    -- The employed row that has it.
    rival   text,
    since   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX unionid_conflict_unionid ON unionid_conflict (unionid);
