-- Why a run is not done: a code with parameters, which the pages put into words. `error` keeps the technical detail,
-- such as DingTalk's own message; in older rows it is the whole reason.
ALTER TABLE sync_run ADD COLUMN error_code text, ADD COLUMN error_params jsonb NOT NULL DEFAULT '{}';
ALTER TABLE sync_run ADD CONSTRAINT sync_run_error_code_check CHECK (error_code IN ('interrupted', 'process_stopped',
    'staging_lost', 'not_waiting', 'not_allowed', 'database', 'internal', 'dingtalk', 'department_unread',
    'unexpected_response', 'limited_scope', 'empty_directory', 'too_many_failures', 'too_many_departments',
    'unreadable_department', 'members_missing', 'pages_repeated', 'pages_endless', 'leaver_threshold')) NOT VALID;
UPDATE sync_run SET error_code = 'interrupted', error = NULL WHERE error = 'interrupted';
ALTER TABLE sync_run VALIDATE CONSTRAINT sync_run_error_code_check;
