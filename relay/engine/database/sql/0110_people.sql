-- The pictures of people, each in every size of features/profiles. avatar_id: new with each picture, so that an address means
-- one picture for ever.

CREATE TABLE avatar (
  avatar_id  TEXT NOT NULL CHECK (length(avatar_id) = 32),
  size_px    INTEGER NOT NULL CHECK (size_px > 0),
  account_id TEXT NOT NULL REFERENCES account (id),
  sha256     TEXT NOT NULL CHECK (length(sha256) = 64),
  size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
  PRIMARY KEY (avatar_id, size_px)
) STRICT, WITHOUT ROWID;
CREATE INDEX avatar_object ON avatar (sha256);
CREATE INDEX avatar_of_account ON avatar (account_id);

-- Every object that a row speaks of, whatever of: an object that is in none of them is removed.
CREATE VIEW named_object AS
  SELECT sha256, size_bytes FROM asset UNION ALL SELECT sha256, size_bytes FROM avatar;
