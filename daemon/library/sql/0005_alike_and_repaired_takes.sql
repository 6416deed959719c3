-- A Take of the library that is the same sound, found after this one was made. JSON of daemon.core.heard.Alike.
ALTER TABLE take ADD COLUMN alike TEXT;

-- How the loop's seam is mended in all that is made of the sound; the sound itself is never changed.
ALTER TABLE take ADD COLUMN repair TEXT CHECK (repair IN ('fade', 'wrap'));
