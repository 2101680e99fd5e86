-- Messages about review cases. A case is announced once, also if it waits again later.
ALTER TABLE unmatched_login ADD COLUMN announced_at timestamptz;

ALTER TABLE webhook_delivery ADD COLUMN case_id bigint;
ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_check;
-- A message is about an event, or about a person, a case, or both.
ALTER TABLE webhook_delivery ADD CONSTRAINT webhook_delivery_about_check
    CHECK ((event_id IS NULL) <> (userid IS NULL AND case_id IS NULL)) NOT VALID;
