-- How each creation that has a sound sounds (audio.analyse.likeness): 48 float32, and by which version of the algorithm. Its row is
-- written with its sound, and goes with it.

CREATE TABLE sound_vector (
  creation_id TEXT PRIMARY KEY REFERENCES creation (id),
  algorithm   INTEGER NOT NULL,
  vector      BLOB NOT NULL CHECK (length(vector) = 192)
) STRICT, WITHOUT ROWID;

-- For which algorithm older creations were listened to, and up to which one.
CREATE TABLE sound_vector_progress (
  algorithm INTEGER PRIMARY KEY,
  after_id  TEXT NOT NULL,
  is_done   INTEGER NOT NULL CHECK (is_done IN (0, 1))
) STRICT, WITHOUT ROWID;
