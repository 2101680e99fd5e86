-- A dry run holds the place while it is at work, but is no sync: one that was killed goes without a word.
ALTER TABLE sync_run ADD COLUMN is_dry_run boolean NOT NULL DEFAULT false;
