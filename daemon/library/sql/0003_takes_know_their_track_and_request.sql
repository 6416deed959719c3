-- What the host called the track when the Take was kept; '' is unknown.
ALTER TABLE take ADD COLUMN track_name TEXT NOT NULL DEFAULT '';

-- Which Keep of which plugin made it: "INSTANCE:ID". A plugin says a Keep again when it heard no answer, also to the
-- next daemon, and must hear of the same Take. Not UNIQUE: a folder copied by hand is taken in with its file.
ALTER TABLE take ADD COLUMN asked TEXT;

CREATE INDEX take_by_request ON take (asked) WHERE asked IS NOT NULL;
