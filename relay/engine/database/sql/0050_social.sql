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
  type        TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 32),
  custom_data TEXT NOT NULL CHECK (json_valid(custom_data) AND length(custom_data) <= 8192),
  PRIMARY KEY (creation_id, account_id, emoji)
) STRICT, WITHOUT ROWID;
CREATE INDEX reaction_of_creation ON reaction (creation_id, created_us, id);
CREATE INDEX reaction_of_account ON reaction (account_id);

-- What somebody wants to find again; nobody else knows.
CREATE TABLE saved (
  account_id  TEXT NOT NULL REFERENCES account (id),
  creation_id TEXT NOT NULL REFERENCES creation (id),
  created_us  INTEGER NOT NULL,
  PRIMARY KEY (account_id, creation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX saved_age ON saved (account_id, created_us, creation_id);
CREATE INDEX saved_creation ON saved (creation_id);

-- A creation of others, shown to those who follow one, with a word of one's own.
CREATE TABLE repost (
  account_id  TEXT NOT NULL REFERENCES account (id),
  creation_id TEXT NOT NULL REFERENCES creation (id),
  id          TEXT NOT NULL UNIQUE CHECK (length(id) = 32),
  text        TEXT NOT NULL CHECK (length(text) <= 280),
  created_us  INTEGER NOT NULL,
  PRIMARY KEY (account_id, creation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX repost_age ON repost (account_id, created_us, id);
CREATE INDEX repost_newest ON repost (created_us);
CREATE INDEX repost_of_creation ON repost (creation_id, created_us, id);

-- Who has heard what on which day (of Unix time), so that each is counted once. who: an account, or an address hashed with
-- the day's salt; both go with the day, so nobody can be found out by them later.
CREATE TABLE play_day (
  day  INTEGER PRIMARY KEY,
  salt BLOB NOT NULL CHECK (length(salt) = 32)
) STRICT, WITHOUT ROWID;
CREATE TABLE play (
  day         INTEGER NOT NULL,
  creation_id TEXT NOT NULL REFERENCES creation (id),
  who         BLOB NOT NULL CHECK (length(who) = 32),
  PRIMARY KEY (day, creation_id, who)
) STRICT, WITHOUT ROWID;
CREATE INDEX play_of_creation ON play (creation_id);
