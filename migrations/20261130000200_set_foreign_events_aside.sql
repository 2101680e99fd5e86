-- An event that names another CorpId is recorded as ignored. The check is enforced from now on; older rows satisfy it.
ALTER TABLE event DROP CONSTRAINT event_state_check;
ALTER TABLE event ADD CONSTRAINT event_state_check
    CHECK (state IN ('waiting', 'applied', 'failed', 'held', 'ignored')) NOT VALID;
