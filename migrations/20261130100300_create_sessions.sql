-- Signed-in browsers. Only the cookie has the key; its SHA-256 is stored here.
CREATE TABLE web_session (
    id              uuid PRIMARY KEY,
    key_hash        bytea NOT NULL UNIQUE,
    userid          text NOT NULL REFERENCES staff (userid) ON DELETE CASCADE,
    unionid         text NOT NULL,
    csrf_token      text NOT NULL,
    state           jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    last_seen_at    timestamptz NOT NULL DEFAULT now(),
    idle_expires_at timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    method          text NOT NULL CHECK (method IN ('qr', 'oauth2', 'in_app')),
    ip              text NOT NULL,
    user_agent      text NOT NULL
);
CREATE INDEX web_session_userid ON web_session (userid);
CREATE INDEX web_session_idle_expires_at ON web_session (idle_expires_at);

-- Whether a session has neither been idle for too long nor expired, by these four columns of its row.
CREATE FUNCTION is_live(created_at timestamptz, last_seen_at timestamptz, idle_expires_at timestamptz, expires_at timestamptz)
    RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT idle_expires_at > now() AND expires_at > now() AND NOT is_from_the_future(created_at) AND NOT is_from_the_future(last_seen_at) $$;

-- Started logins. Of the state and the browser's secret, only the SHA-256 is stored.
CREATE TABLE login_state (
    state_hash   bytea PRIMARY KEY,
    browser_hash bytea NOT NULL,
    return_path  text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL
);
CREATE INDEX login_state_expires_at ON login_state (expires_at);
