-- People. Times are Unix microseconds, ids are UUIDv7 as 32 hex digits. Counters are right by construction: they change in
-- the transaction that changes what they count.

CREATE TABLE account (
  id              TEXT PRIMARY KEY CHECK (length(id) = 32),
  -- When the newest post was published that followers find; -1: there is none. It stands so far in front because a timeline
  -- reads it of hundreds of rows, and SQLite reads a row up to what is asked.
  newest_post_us  INTEGER NOT NULL DEFAULT -1,
  username        TEXT NOT NULL UNIQUE CHECK (length(username) BETWEEN 3 AND 30 AND username = lower(username)),
  skeleton        TEXT NOT NULL UNIQUE,  -- the username as it looks: no two accounts that are taken for each other
  display_name    TEXT NOT NULL CHECK (length(display_name) BETWEEN 1 AND 64),
  bio             TEXT NOT NULL DEFAULT '' CHECK (length(bio) <= 500),
  daw_preference  TEXT CHECK (length(daw_preference) BETWEEN 1 AND 64),
  links           TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(links) AND length(links) <= 2048),
  avatar_id       TEXT CHECK (length(avatar_id) = 32),  -- table avatar
  is_private      INTEGER NOT NULL DEFAULT 0 CHECK (is_private IN (0, 1)),  -- who wants to follow asks first
  role            TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'moderator', 'admin')),
  is_guest        INTEGER NOT NULL DEFAULT 0 CHECK (is_guest IN (0, 1)),  -- table guest: nobody has signed up for it yet
  deleted_us      INTEGER,  -- a tombstone, of nobody, that creations and the audit log speak of
  suspended_us    INTEGER,  -- since when; by a moderator
  shows_activity  INTEGER NOT NULL DEFAULT 1 CHECK (shows_activity IN (0, 1)),  -- others see active_us
  active_us       INTEGER NOT NULL DEFAULT 0,
  follower_count  INTEGER NOT NULL DEFAULT 0 CHECK (follower_count >= 0),
  following_count INTEGER NOT NULL DEFAULT 0 CHECK (following_count >= 0),
  post_count      INTEGER NOT NULL DEFAULT 0 CHECK (post_count >= 0),
  stored_bytes    INTEGER NOT NULL DEFAULT 0 CHECK (stored_bytes >= 0),
  -- Of what is posted without a word on who is to see it.
  post_visibility TEXT NOT NULL DEFAULT 'public' CHECK (post_visibility IN ('public', 'followers', 'unlisted', 'private')),
  created_us      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX account_idle_guests ON account (active_us) WHERE is_guest = 1 AND deleted_us IS NULL;

-- A browser that is signed in. Secrets are stored as SHA-256 only.
CREATE TABLE session (
  hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
  id         TEXT NOT NULL UNIQUE CHECK (length(id) = 32),  -- names it to its owner, and opens nothing
  account_id TEXT NOT NULL REFERENCES account (id),
  csrf       TEXT NOT NULL,
  agent      TEXT NOT NULL CHECK (length(agent) BETWEEN 1 AND 64),
  created_us INTEGER NOT NULL,
  expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_of_account ON session (account_id, created_us);
CREATE INDEX session_expiry ON session (expires_us);

-- Who somebody is elsewhere. Accounts are found by this pair and by nothing else: an e-mail address is no proof.
CREATE TABLE identity (
  issuer     TEXT NOT NULL CHECK (length(issuer) BETWEEN 1 AND 256),
  subject    TEXT NOT NULL CHECK (length(subject) BETWEEN 1 AND 256),
  account_id TEXT NOT NULL REFERENCES account (id),
  created_us INTEGER NOT NULL,
  PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_of_account ON identity (account_id);

-- A sign-in that a browser began at a provider; whichever process it comes back to finishes it.
CREATE TABLE pending_sign_in (
  state_hash   BLOB PRIMARY KEY CHECK (length(state_hash) = 32),
  provider     TEXT NOT NULL,
  browser_hash BLOB NOT NULL CHECK (length(browser_hash) = 32),
  verifier     TEXT NOT NULL,
  nonce        TEXT NOT NULL,
  next_path    TEXT NOT NULL,
  link_to      TEXT REFERENCES account (id),  -- whose it shall be, and that account has to be the one that comes back; NULL: a sign-in
  expires_us   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_sign_in_expiry ON pending_sign_in (expires_us);
