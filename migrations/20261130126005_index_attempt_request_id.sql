-- no-transaction
-- The refused login of a reference number.
CREATE INDEX CONCURRENTLY IF NOT EXISTS unmatched_attempt_request_id ON unmatched_attempt (request_id);
