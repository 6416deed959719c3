-- The relay's whole truth. Times are Unix microseconds, ids are UUIDv7 as 32 hex digits.

CREATE TABLE account (
  id              TEXT PRIMARY KEY CHECK (length(id) = 32),
  username        TEXT NOT NULL UNIQUE CHECK (length(username) BETWEEN 3 AND 30 AND username = lower(username)),
  display_name    TEXT NOT NULL CHECK (length(display_name) BETWEEN 1 AND 64),
  bio             TEXT NOT NULL DEFAULT '' CHECK (length(bio) <= 500),
  daw_preference  TEXT CHECK (length(daw_preference) BETWEEN 1 AND 64),
  follower_count  INTEGER NOT NULL DEFAULT 0 CHECK (follower_count >= 0),
  following_count INTEGER NOT NULL DEFAULT 0 CHECK (following_count >= 0),
  post_count      INTEGER NOT NULL DEFAULT 0 CHECK (post_count >= 0),
  created_us      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
  id         TEXT PRIMARY KEY CHECK (length(id) = 32),
  public_key BLOB NOT NULL UNIQUE CHECK (length(public_key) = 32),
  name       TEXT NOT NULL,
  platform   TEXT NOT NULL,
  version    TEXT NOT NULL,
  account_id TEXT REFERENCES account (id),
  created_us INTEGER NOT NULL,
  claimed_us INTEGER CHECK ((account_id IS NULL) = (claimed_us IS NULL))
) STRICT, WITHOUT ROWID;

-- Single use: deleted by the claim that names it.
CREATE TABLE challenge (
  value      TEXT PRIMARY KEY,
  device_id  TEXT NOT NULL REFERENCES device (id),
  expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One sign-in of one device. Access tokens name it, so ending it ends them.
CREATE TABLE family (
  id         TEXT PRIMARY KEY CHECK (length(id) = 32),
  account_id TEXT NOT NULL REFERENCES account (id),
  device_id  TEXT NOT NULL REFERENCES device (id),
  created_us INTEGER NOT NULL,
  revoked_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX family_revoked ON family (revoked_us) WHERE revoked_us IS NOT NULL;

-- Every refresh token a family ever had, hashed: an old one that turns up is a theft and must be recognised.
CREATE TABLE refresh_token (
  hash      BLOB PRIMARY KEY CHECK (length(hash) = 32),
  family_id TEXT NOT NULL REFERENCES family (id),
  n         INTEGER NOT NULL CHECK (n >= 1),
  issued_us INTEGER NOT NULL,
  used_us   INTEGER,
  UNIQUE (family_id, n)
) STRICT, WITHOUT ROWID;

-- A browser that is signed in.
CREATE TABLE session (
  hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
  account_id TEXT NOT NULL REFERENCES account (id),
  csrf       TEXT NOT NULL,
  expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Anything a person made. This version of the relay knows posts; every later kind gets the same abilities.
CREATE TABLE creation (
  id              TEXT PRIMARY KEY CHECK (length(id) = 32),
  owner_id        TEXT NOT NULL REFERENCES account (id),
  kind            TEXT NOT NULL CHECK (kind IN ('post')),
  visibility      TEXT NOT NULL CHECK (visibility IN ('public')),
  title           TEXT NOT NULL CHECK (length(title) <= 120),
  head_version_id TEXT NOT NULL,
  bpm             REAL CHECK (bpm > 0 AND bpm <= 1000),
  key             TEXT CHECK (length(key) <= 16),
  tags            TEXT NOT NULL CHECK (json_valid(tags)),
  daw             TEXT,
  body            TEXT NOT NULL CHECK (json_valid(body)),  -- of the head version: feeds need no second table
  play_count      INTEGER NOT NULL DEFAULT 0 CHECK (play_count >= 0),
  like_count      INTEGER NOT NULL DEFAULT 0 CHECK (like_count >= 0),
  created_us      INTEGER NOT NULL,
  published_us    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX creation_newest ON creation (published_us DESC, id DESC);
CREATE INDEX creation_of_owner ON creation (owner_id, published_us DESC, id DESC);

-- Immutable. A row exists only after the bytes of its assets are durable in the object folder.
CREATE TABLE creation_version (
  id          TEXT PRIMARY KEY CHECK (length(id) = 32),
  creation_id TEXT NOT NULL REFERENCES creation (id) DEFERRABLE INITIALLY DEFERRED,
  n           INTEGER NOT NULL CHECK (n >= 1),
  body        TEXT NOT NULL CHECK (json_valid(body)),
  created_us  INTEGER NOT NULL,
  UNIQUE (creation_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE asset (
  version_id TEXT NOT NULL REFERENCES creation_version (id),
  role       TEXT NOT NULL CHECK (role IN ('preview', 'lossless')),
  sha256     TEXT NOT NULL CHECK (length(sha256) = 64),
  size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
  mime       TEXT NOT NULL CHECK (mime IN ('audio/mpeg', 'audio/flac')),
  PRIMARY KEY (version_id, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_object ON asset (sha256);

CREATE TABLE follow (
  follower_id TEXT NOT NULL REFERENCES account (id),
  followee_id TEXT NOT NULL REFERENCES account (id) CHECK (follower_id <> followee_id),
  created_us  INTEGER NOT NULL,
  PRIMARY KEY (follower_id, followee_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX follow_of_followee ON follow (followee_id, created_us);

CREATE TABLE reaction (
  account_id  TEXT NOT NULL REFERENCES account (id),
  creation_id TEXT NOT NULL REFERENCES creation (id),
  id          TEXT NOT NULL UNIQUE CHECK (length(id) = 32),
  emoji       TEXT NOT NULL CHECK (length(emoji) BETWEEN 1 AND 16),
  created_us  INTEGER NOT NULL,
  PRIMARY KEY (account_id, creation_id)
) STRICT, WITHOUT ROWID;

-- Idempotency of uploads: a key belongs to an account. 'running' rows of a dead process are removed at start.
CREATE TABLE upload (
  account_id  TEXT NOT NULL REFERENCES account (id),
  key         TEXT NOT NULL CHECK (length(key) = 32),
  sha256      TEXT NOT NULL CHECK (length(sha256) = 64),
  state       TEXT NOT NULL CHECK (state IN ('running', 'done')),
  creation_id TEXT REFERENCES creation (id) CHECK ((state = 'done') = (creation_id IS NOT NULL)),
  started_us  INTEGER NOT NULL,
  PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;

-- Durable channels. Offsets are given out in the transaction of the domain write, so they have no holes.
CREATE TABLE channel (
  ch    TEXT PRIMARY KEY,
  epoch TEXT NOT NULL CHECK (length(epoch) BETWEEN 8 AND 32),
  floor INTEGER NOT NULL DEFAULT 0 CHECK (floor >= 0 AND floor <= head),
  head  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  ch    TEXT NOT NULL REFERENCES channel (ch),
  off   INTEGER NOT NULL CHECK (off >= 1),
  id    TEXT NOT NULL CHECK (length(id) = 32),
  at_us INTEGER NOT NULL,
  data  TEXT NOT NULL CHECK (json_valid(data)),  -- the payload with relative URLs
  PRIMARY KEY (ch, off)
) STRICT, WITHOUT ROWID;

-- How many transactions with effects have committed: a snapshot says with it which effects it already contains.
CREATE TABLE commits (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  n   INTEGER NOT NULL
) STRICT;
INSERT INTO commits VALUES (1, 0);
