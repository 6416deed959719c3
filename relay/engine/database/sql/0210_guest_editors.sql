-- Whether one edits with it also as a guest. Who was given a link before was told that one has to be signed in.
ALTER TABLE editing_link ADD COLUMN for_guests INTEGER NOT NULL DEFAULT 0 CHECK (for_guests IN (0, 1));
