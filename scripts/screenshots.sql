-- Moves those who wait apart in time, so that the pictures do not say "just now" everywhere.
UPDATE unmatched_login SET
    first_seen_at = now() - place * interval '97 minutes' - attempts * interval '5 hours',
    last_seen_at = now() - place * interval '23 minutes' + interval '19 minutes'
FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS place FROM unmatched_login) AS placed
WHERE placed.id = unmatched_login.id;
