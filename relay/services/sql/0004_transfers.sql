-- Bytes on their way, by tus: a file in `incoming` of which offset_bytes are synced. What is longer is of nobody.
-- 'ended' (terminated, expired, or made room for) is remembered for a while, so that its owner is told: gone.

CREATE TABLE transfer (
  id           TEXT PRIMARY KEY CHECK (length(id) = 32),
  account_id   TEXT NOT NULL REFERENCES account (id),
  key          TEXT CHECK (length(key) = 32),   -- of the post to be; creating twice is creating once
  metadata     TEXT NOT NULL CHECK (length(metadata) <= 4096),
  size_bytes   INTEGER NOT NULL CHECK (size_bytes >= 0),
  offset_bytes INTEGER NOT NULL CHECK (offset_bytes BETWEEN 0 AND size_bytes),
  state        TEXT NOT NULL CHECK (state IN ('open', 'published', 'ended'))
                 CHECK (state <> 'published' OR offset_bytes = size_bytes),
  touched_us   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX transfer_key ON transfer (account_id, key) WHERE state <> 'ended';
CREATE INDEX transfer_age ON transfer (touched_us);
