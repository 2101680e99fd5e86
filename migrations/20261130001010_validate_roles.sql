ALTER TABLE admin_grant VALIDATE CONSTRAINT admin_grant_role;
ALTER TABLE admin_grant VALIDATE CONSTRAINT admin_grant_departments;
