-- Apart from the migration that added it: here the rows are read under a lock that writing goes on beside.
ALTER TABLE audit_entry VALIDATE CONSTRAINT audit_entry_action_check;
