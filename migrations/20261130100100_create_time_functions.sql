-- Postgres's clock may step back, at a failover or when it is corrected. A stored time that lies further ahead
-- than anything ever puts it is then treated as past. Each function is one expression, so that Postgres
-- inlines it.

-- The end of a lease that is taken or renewed now: the one length of all leases. The work of an instance that
-- has died is taken over within ten seconds, including the poll interval of the others.
CREATE FUNCTION lease_end() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS
    $$ SELECT clock_timestamp() + interval '8 seconds' $$;

-- Whether nobody holds a lease with this end.
CREATE FUNCTION is_free(lease_until timestamptz) RETURNS boolean LANGUAGE sql VOLATILE PARALLEL SAFE AS
    $$ SELECT lease_until IS NULL OR lease_until < clock_timestamp() OR lease_until > clock_timestamp() + interval '12 seconds' $$;

-- A time at which something happened; long ago if the clock says that it has yet to come.
CREATE FUNCTION as_past(at timestamptz) RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS
    $$ SELECT CASE WHEN at > clock_timestamp() THEN '0001-01-01 00:00:00+00'::timestamptz ELSE at END $$;

-- Whether a clock that has stepped back would let something that began then outlive its term by more than five
-- minutes. A smaller step ends nobody's session.
CREATE FUNCTION is_from_the_future(began_at timestamptz) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT began_at > now() + interval '5 minutes' $$;
