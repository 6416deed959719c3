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

-- The archive of all that is somebody's, made when they asked for it; the next one takes its place.
CREATE TABLE account_export (
  account_id TEXT PRIMARY KEY REFERENCES account (id),
  sha256     TEXT NOT NULL CHECK (length(sha256) = 64),
  size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
  created_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX account_export_object ON account_export (sha256);

-- Names of accounts that are deleted, as they look: nobody else gets one, and is taken for who had it.
CREATE TABLE retired_name (
  skeleton TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Every object that a row speaks of, whatever of: an object that is in none of them is removed.
CREATE VIEW named_object AS
  SELECT sha256, size_bytes FROM asset UNION ALL SELECT sha256, size_bytes FROM avatar
  UNION ALL SELECT sha256, size_bytes FROM account_export;

-- Who asks to follow an account that is private.
CREATE TABLE follow_request (
  followee_id TEXT NOT NULL REFERENCES account (id),
  follower_id TEXT NOT NULL REFERENCES account (id) CHECK (follower_id <> followee_id),
  created_us  INTEGER NOT NULL,
  PRIMARY KEY (followee_id, follower_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX follow_request_age ON follow_request (followee_id, created_us, follower_id);
CREATE INDEX follow_request_of_follower ON follow_request (follower_id);

-- Of whom somebody wants to hear nothing; the other does not learn of it.
CREATE TABLE mute (
  muter_id   TEXT NOT NULL REFERENCES account (id),
  muted_id   TEXT NOT NULL REFERENCES account (id) CHECK (muter_id <> muted_id),
  created_us INTEGER NOT NULL,
  PRIMARY KEY (muter_id, muted_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX mute_age ON mute (muter_id, created_us, muted_id);
CREATE INDEX mute_of_muted ON mute (muted_id);
CREATE INDEX block_age ON block (blocker_id, created_us, blocked_id);
