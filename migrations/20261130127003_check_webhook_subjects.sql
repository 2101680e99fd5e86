-- Apart from the migration that added it: here the rows are read under a lock that writing goes on beside.
ALTER TABLE webhook_delivery VALIDATE CONSTRAINT webhook_delivery_about_check;
