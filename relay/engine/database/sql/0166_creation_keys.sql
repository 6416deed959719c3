-- Keys under which creations were made: a request that is sent again, because its answer was lost, makes nothing twice.

CREATE TABLE creation_key (
  account_id  TEXT NOT NULL REFERENCES account (id),
  key         TEXT NOT NULL CHECK (length(key) = 32),
  sha256      BLOB NOT NULL CHECK (length(sha256) = 32),  -- of what was asked for
  creation_id TEXT NOT NULL REFERENCES creation (id),
  PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;
