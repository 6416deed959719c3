-- Instruments of this relay's own, each a sample that an admin uploaded (features/instruments). One that was deleted stays as a tombstone
-- without its sample, for patterns that name it.

CREATE TABLE instrument (
  id         TEXT PRIMARY KEY CHECK (length(id) BETWEEN 8 AND 32),
  title      TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 60),
  sample_id  TEXT REFERENCES creation (id),
  is_pitched INTEGER NOT NULL CHECK (is_pitched IN (0, 1)),
  made_us    INTEGER NOT NULL,
  changed_us INTEGER NOT NULL,
  deleted_us INTEGER CHECK ((deleted_us IS NULL) = (sample_id IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- Groups of instruments, the kit's and these, in an order.
CREATE TABLE sound_library (
  id          TEXT PRIMARY KEY CHECK (length(id) = 32),
  title       TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 60),
  description TEXT NOT NULL CHECK (length(description) <= 500),
  made_us     INTEGER NOT NULL,
  changed_us  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sound_library_instrument (
  library_id TEXT NOT NULL REFERENCES sound_library (id),
  place      INTEGER NOT NULL,
  instrument TEXT NOT NULL CHECK (length(instrument) BETWEEN 1 AND 32),
  PRIMARY KEY (library_id, place)
) STRICT, WITHOUT ROWID;
