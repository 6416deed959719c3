-- Where an account's letters go. Nobody is known by an address: it proves nothing but that somebody reads what is sent there.

-- Confirmed by a link that was sent to it. folded: in lower case, as it is looked for; several accounts may have the same.
CREATE TABLE mail_address (
  account_id   TEXT PRIMARY KEY REFERENCES account (id),
  address      TEXT NOT NULL CHECK (length(address) BETWEEN 3 AND 254),
  folded       TEXT NOT NULL,
  confirmed_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_address_folded ON mail_address (folded);

-- The address that somebody gave last, until it is confirmed. The link's secret is stored as SHA-256 only.
CREATE TABLE mail_confirmation (
  hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
  account_id TEXT NOT NULL UNIQUE REFERENCES account (id),
  address    TEXT NOT NULL CHECK (length(address) BETWEEN 3 AND 254),
  expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
