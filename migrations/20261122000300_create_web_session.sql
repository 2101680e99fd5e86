-- Signed-in browsers. The key itself is only in the cookie; here stands its SHA-256.
CREATE TABLE web_session (
    id           uuid PRIMARY KEY,
    key_hash     bytea NOT NULL UNIQUE,
    userid       text NOT NULL REFERENCES staff (userid) ON DELETE CASCADE,
    unionid      text NOT NULL,
    csrf_token   text NOT NULL,
    state        jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    idle_until   timestamptz NOT NULL,
    hard_until   timestamptz NOT NULL,
    method       text NOT NULL CHECK (method IN ('qr', 'in_app')),
    address      text NOT NULL,
    user_agent   text NOT NULL
);
CREATE INDEX web_session_userid ON web_session (userid);
CREATE INDEX web_session_idle_until ON web_session (idle_until);

-- Logins that have begun. Neither the state nor the browser's secret stands here, only their SHA-256.
CREATE TABLE login_state (
    state_hash   bytea PRIMARY KEY,
    browser_hash bytea NOT NULL,
    return_path  text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL
);
CREATE INDEX login_state_expires_at ON login_state (expires_at);
