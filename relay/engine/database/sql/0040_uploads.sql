-- Bytes on their way, by tus. Each part that arrived is an immutable object; the row says how many of the bytes are
-- safe, and is moved by whoever holds it. 'ended' (terminated, expired, or made room for) is remembered for a while, so
-- that its owner is told: gone.

CREATE TABLE upload (
  id           TEXT PRIMARY KEY CHECK (length(id) = 32),
  account_id   TEXT NOT NULL REFERENCES account (id),
  key          TEXT CHECK (length(key) = 32),   -- of the post to be; creating twice is creating once
  metadata     TEXT NOT NULL CHECK (length(metadata) <= 4096),
  size_bytes   INTEGER NOT NULL CHECK (size_bytes >= 0),
  offset_bytes INTEGER NOT NULL CHECK (offset_bytes BETWEEN 0 AND size_bytes),
  state        TEXT NOT NULL CHECK (state IN ('open', 'published', 'ended')),
  holder       TEXT,                            -- the request that may move it
  touched_us   INTEGER NOT NULL,
  CHECK (state <> 'published' OR offset_bytes = size_bytes)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX upload_key ON upload (account_id, key) WHERE state <> 'ended';
CREATE INDEX upload_age ON upload (touched_us);
CREATE INDEX upload_of_account ON upload (account_id, state, touched_us);

CREATE TABLE upload_part (
  upload_id    TEXT NOT NULL REFERENCES upload (id),
  offset_bytes INTEGER NOT NULL CHECK (offset_bytes >= 0),
  size_bytes   INTEGER NOT NULL CHECK (size_bytes > 0),
  object       TEXT NOT NULL,
  PRIMARY KEY (upload_id, offset_bytes)
) STRICT, WITHOUT ROWID;
