-- Devices, and the ways in which one comes to belong to an account. Secrets are stored as SHA-256 only.

CREATE TABLE device (
  id         TEXT PRIMARY KEY CHECK (length(id) = 32),
  public_key BLOB NOT NULL UNIQUE CHECK (length(public_key) = 32),
  name       TEXT NOT NULL,
  platform   TEXT NOT NULL,
  version    TEXT NOT NULL,
  network    TEXT NOT NULL DEFAULT '' CHECK (length(network) <= 64),
  account_id TEXT REFERENCES account (id),
  created_us INTEGER NOT NULL,
  claimed_us INTEGER CHECK ((account_id IS NULL) = (claimed_us IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX device_of_account ON device (account_id) WHERE account_id IS NOT NULL;

-- Single use: deleted by the claim that names it.
CREATE TABLE challenge (
  value      TEXT PRIMARY KEY,
  device_id  TEXT NOT NULL REFERENCES device (id),
  expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX challenge_expiry ON challenge (expires_us);

-- One sign-in of one device. Access tokens name it, so ending it ends them. proof 1: its refresh tokens are worth
-- nothing without a signature of the device key.
CREATE TABLE family (
  id         TEXT PRIMARY KEY CHECK (length(id) = 32),
  account_id TEXT NOT NULL REFERENCES account (id),
  device_id  TEXT NOT NULL REFERENCES device (id),
  proof      INTEGER NOT NULL CHECK (proof IN (0, 1)),
  created_us INTEGER NOT NULL,
  revoked_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX family_revoked ON family (revoked_us) WHERE revoked_us IS NOT NULL;
CREATE INDEX family_of_device ON family (device_id) WHERE revoked_us IS NULL;
CREATE INDEX family_of_account ON family (account_id) WHERE revoked_us IS NULL;

-- Every refresh token a family ever had: an old one that turns up is a theft and must be recognised.
CREATE TABLE refresh_token (
  hash      BLOB PRIMARY KEY CHECK (length(hash) = 32),
  family_id TEXT NOT NULL REFERENCES family (id),
  n         INTEGER NOT NULL CHECK (n >= 1),
  issued_us INTEGER NOT NULL,
  used_us   INTEGER,
  UNIQUE (family_id, n)
) STRICT, WITHOUT ROWID;

-- An authorization code. The row outlives its use: a second use ends what the first gave.
CREATE TABLE claim_code (
  hash         BLOB PRIMARY KEY CHECK (length(hash) = 32),
  device_id    TEXT NOT NULL REFERENCES device (id),
  account_id   TEXT NOT NULL REFERENCES account (id),
  redirect_uri TEXT NOT NULL,
  challenge    TEXT NOT NULL CHECK (length(challenge) = 43),
  nonce        TEXT NOT NULL,
  expires_us   INTEGER NOT NULL,
  used_us      INTEGER,
  family_id    TEXT REFERENCES family (id) CHECK (family_id IS NULL OR used_us IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_code_expiry ON claim_code (expires_us);
CREATE INDEX claim_code_of_device ON claim_code (device_id);

-- A device that asks to be claimed by a code which a person types. network: where it began, for good.
CREATE TABLE device_grant (
  hash           BLOB PRIMARY KEY CHECK (length(hash) = 32),
  user_code_hash BLOB NOT NULL UNIQUE CHECK (length(user_code_hash) = 32),
  device_id      TEXT NOT NULL REFERENCES device (id),
  network        TEXT NOT NULL CHECK (length(network) <= 64),
  state          TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'used')),
  account_id     TEXT REFERENCES account (id) CHECK ((account_id IS NOT NULL) = (state IN ('approved', 'used'))),
  interval_us    INTEGER NOT NULL CHECK (interval_us > 0),
  polled_us      INTEGER NOT NULL,
  expires_us     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_grant_expiry ON device_grant (expires_us);
CREATE INDEX device_grant_of_device ON device_grant (device_id);

-- Wrong codes that somebody typed: 34.5 bits hold against nothing but a count that all processes share.
CREATE TABLE wrong_code (
  who   TEXT NOT NULL CHECK (length(who) <= 96),
  at_us INTEGER NOT NULL,
  id    TEXT NOT NULL UNIQUE CHECK (length(id) = 32),
  PRIMARY KEY (who, at_us, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX wrong_code_age ON wrong_code (at_us);
