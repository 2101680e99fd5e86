-- Read without a lock that anybody waits for; the constraints are enforced since they were added.
ALTER TABLE audit_entry VALIDATE CONSTRAINT audit_entry_actor_kind;
ALTER TABLE event VALIDATE CONSTRAINT event_state_check;
