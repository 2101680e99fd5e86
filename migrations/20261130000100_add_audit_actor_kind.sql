-- Who acted: a person of the company, a command, or the system. A column of its own, since a userid may be
-- spelled like any other actor. Older lines and older versions have none; their `actor` tells.
ALTER TABLE audit_entry ADD COLUMN actor_kind text;
-- NOT VALID: the trail may be long, and old rows hold only NULL.
ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_actor_kind
    CHECK (actor_kind IN ('person', 'command', 'system')) NOT VALID;

-- The kind of an actor, for lines without one too.
CREATE FUNCTION actor_kind_of(kind text, actor text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(kind, CASE WHEN actor = 'system' THEN 'system' WHEN actor LIKE 'command:%' THEN 'command' ELSE 'person' END)
$$;
