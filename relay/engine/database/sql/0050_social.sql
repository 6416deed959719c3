-- Between people, and between people and creations. since_n: the number of the commit in which somebody followed; what
-- happened before is no news to them.

CREATE TABLE follow (
  follower_id TEXT NOT NULL REFERENCES account (id),
  followee_id TEXT NOT NULL REFERENCES account (id) CHECK (follower_id <> followee_id),
  since_n     INTEGER NOT NULL,
  created_us  INTEGER NOT NULL,
  PRIMARY KEY (follower_id, followee_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX follow_of_followee ON follow (followee_id, created_us, follower_id);
CREATE INDEX follow_of_follower ON follow (follower_id, created_us, followee_id);

CREATE TABLE block (
  blocker_id TEXT NOT NULL REFERENCES account (id),
  blocked_id TEXT NOT NULL REFERENCES account (id) CHECK (blocker_id <> blocked_id),
  created_us INTEGER NOT NULL,
  PRIMARY KEY (blocker_id, blocked_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX block_of_blocked ON block (blocked_id, blocker_id);

CREATE TABLE creation_like (
  account_id  TEXT NOT NULL REFERENCES account (id),
  creation_id TEXT NOT NULL REFERENCES creation (id),
  id          TEXT NOT NULL UNIQUE CHECK (length(id) = 32),
  emoji       TEXT NOT NULL CHECK (length(emoji) BETWEEN 1 AND 16),
  created_us  INTEGER NOT NULL,
  PRIMARY KEY (account_id, creation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX creation_like_of_creation ON creation_like (creation_id, created_us);

-- Several of each person on a creation, one of each emoji.
CREATE TABLE reaction (
  creation_id TEXT NOT NULL REFERENCES creation (id),
  account_id  TEXT NOT NULL REFERENCES account (id),
  emoji       TEXT NOT NULL CHECK (length(emoji) BETWEEN 1 AND 16),
  id          TEXT NOT NULL UNIQUE CHECK (length(id) = 32),
  created_us  INTEGER NOT NULL,
  PRIMARY KEY (creation_id, account_id, emoji)
) STRICT, WITHOUT ROWID;
