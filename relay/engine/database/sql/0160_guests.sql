-- Accounts that nobody has signed up for: whoever has the token has what was made with it. hash: of the token, which is told
-- once and never stored. taken_by: whose all of it is now; the row stays, so that taking it over again is the same.

CREATE TABLE guest (
  account_id  TEXT PRIMARY KEY REFERENCES account (id),
  hash        BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  created_us  INTEGER NOT NULL,
  taken_by    TEXT REFERENCES account (id) CHECK (taken_by <> account_id),
  taken_count INTEGER NOT NULL DEFAULT 0 CHECK (taken_count >= 0)  -- of creations
) STRICT, WITHOUT ROWID;
CREATE INDEX guest_taken_by ON guest (taken_by) WHERE taken_by IS NOT NULL;
