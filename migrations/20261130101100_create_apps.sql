-- The company's apps: the tiles of the portal.
CREATE TABLE app (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL CHECK (name <> ''),
    url         text NOT NULL CHECK (url ~ '^https?://'),
    description text NOT NULL DEFAULT '',
    -- One of the built-in icons; NULL for the first letters of the name.
    icon        text,
    colour      text NOT NULL,
    -- The administrators' order; ties in the order of the ids.
    position    bigint NOT NULL,
    is_shown    boolean NOT NULL DEFAULT true,
    -- Otherwise for people in its departments and those below.
    is_for_all  boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);

-- No foreign key: removing a department in DingTalk must not open its apps to others.
CREATE TABLE app_department (
    app_id  bigint NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    dept_id bigint NOT NULL CHECK (dept_id > 0),
    PRIMARY KEY (app_id, dept_id)
);
CREATE INDEX app_department_dept ON app_department (dept_id);
