-- Accounts of the relay's own: passwords, the invite links by which accounts come to be, and links that set a new password.

-- phc: Argon2id with its salt and costs, as the PHC string format writes them. Who has no row signs in by way of a provider.
CREATE TABLE password (
  account_id TEXT PRIMARY KEY REFERENCES account (id),
  phc        TEXT NOT NULL CHECK (length(phc) BETWEEN 1 AND 256),
  changed_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A link to a new account. The link's secret is stored as SHA-256 only.
CREATE TABLE invite (
  hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
  id         TEXT NOT NULL UNIQUE CHECK (length(id) = 32),  -- names it to the operator, and opens nothing
  uses_left  INTEGER NOT NULL CHECK (uses_left >= 0),
  created_us INTEGER NOT NULL,
  expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A link by which somebody who forgot a password sets a new one, once.
CREATE TABLE password_reset (
  hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
  account_id TEXT NOT NULL UNIQUE REFERENCES account (id),
  is_mailed  INTEGER NOT NULL CHECK (is_mailed IN (0, 1)),  -- 0: of the operator, whose link ends the second factor, too
  expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Whose sign-in by password asks for a code of an app as well (TOTP). The key must be known to check a code: it cannot be a hash.
CREATE TABLE second_factor (
  account_id TEXT PRIMARY KEY REFERENCES account (id),
  key        BLOB NOT NULL CHECK (length(key) = 20),
  is_asked   INTEGER NOT NULL CHECK (is_asked IN (0, 1)),  -- 0: it is being set up
  last_step  INTEGER NOT NULL CHECK (last_step >= 0)       -- of the last code that counted: none counts twice
) STRICT, WITHOUT ROWID;
