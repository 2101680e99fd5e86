-- The company's tree. The root is 1 and has no parent. Ids and orders are 64-bit.
CREATE TABLE department (
    dept_id    bigint PRIMARY KEY CHECK (dept_id > 0),
    parent_id  bigint,
    name       text NOT NULL,
    sort_order bigint,
    -- When the answer that this row holds was asked for: an older answer never replaces a newer one.
    looked_at  timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX department_parent ON department (parent_id);
