-- Links by which a creation is seen by whoever has one. hash: of the token, which is told once and never stored.

CREATE TABLE share_link (
  hash        BLOB PRIMARY KEY CHECK (length(hash) = 32),
  creation_id TEXT NOT NULL REFERENCES creation (id),
  created_us  INTEGER NOT NULL,
  expires_us  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX share_link_of_creation ON share_link (creation_id);
