-- Sessions that began on DingTalk's newer login page.
ALTER TABLE web_session
    DROP CONSTRAINT web_session_method_check,
    ADD CONSTRAINT web_session_method_check CHECK (method IN ('qr', 'oauth2', 'in_app'));
