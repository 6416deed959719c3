-- Claiming in the browser and by device code. Secrets are stored as SHA-256 only.

ALTER TABLE device ADD COLUMN network TEXT NOT NULL DEFAULT '' CHECK (length(network) <= 64);

-- 1: its refresh tokens are worth nothing without a signature of the device key.
ALTER TABLE family ADD COLUMN proof INTEGER NOT NULL DEFAULT 0 CHECK (proof IN (0, 1));
CREATE INDEX family_of_device ON family (device_id) WHERE revoked_us IS NULL;
CREATE INDEX device_of_account ON device (account_id) WHERE account_id IS NOT NULL;

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

-- A device that asks to be claimed by a code which a person types.
CREATE TABLE device_grant (
  hash           BLOB PRIMARY KEY CHECK (length(hash) = 32),
  user_code_hash BLOB NOT NULL UNIQUE CHECK (length(user_code_hash) = 32),
  device_id      TEXT NOT NULL REFERENCES device (id),
  state          TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'used')),
  account_id     TEXT REFERENCES account (id) CHECK ((account_id IS NOT NULL) = (state IN ('approved', 'used'))),
  interval_us    INTEGER NOT NULL CHECK (interval_us > 0),
  polled_us      INTEGER NOT NULL,
  expires_us     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_grant_expiry ON device_grant (expires_us);

-- Who somebody is elsewhere. Accounts are found by this pair and by nothing else: an e-mail address is no proof.
CREATE TABLE identity (
  issuer     TEXT NOT NULL CHECK (length(issuer) BETWEEN 1 AND 256),
  subject    TEXT NOT NULL CHECK (length(subject) BETWEEN 1 AND 256),
  account_id TEXT NOT NULL REFERENCES account (id),
  created_us INTEGER NOT NULL,
  PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
