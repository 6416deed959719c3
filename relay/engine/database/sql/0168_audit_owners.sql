-- Whose it was that a moderator decided on: what is gone has nothing else that says so. NULL: noted before this was.
ALTER TABLE audit ADD COLUMN owner_id TEXT;
