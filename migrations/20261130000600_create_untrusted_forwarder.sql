-- Peers in private networks that send X-Forwarded-* without being trusted proxies: a warning of doctor.
CREATE TABLE untrusted_forwarder (
    peer    text PRIMARY KEY,
    header  text NOT NULL,
    last_at timestamptz NOT NULL DEFAULT now()
);
