-- The company's apps: the tiles of the portal.
CREATE TABLE app (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL CHECK (name <> ''),
    url         text NOT NULL CHECK (url ~ '^https?://'),
    description text NOT NULL DEFAULT '',
    -- One of the built-in pictures; NULL where the first letters of the name stand.
    icon        text,
    colour      text NOT NULL,
    -- The administrators' order; equal ones stand in the order of their ids.
    position    bigint NOT NULL,
    is_shown    boolean NOT NULL DEFAULT true,
    -- Else for those who are in one of its departments, or below one.
    is_for_all  boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);

-- The choice outlives the department: who removes one in DingTalk must not open its apps to others.
CREATE TABLE app_department (
    app_id  bigint NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    dept_id bigint NOT NULL CHECK (dept_id > 0),
    PRIMARY KEY (app_id, dept_id)
);
CREATE INDEX app_department_dept ON app_department (dept_id);
