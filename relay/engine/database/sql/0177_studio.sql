-- With what somebody begins in the studio, and how it looks to them: a wire.beat_people.Preferences.

CREATE TABLE studio_preference (
  account_id TEXT PRIMARY KEY REFERENCES account (id),
  body       TEXT NOT NULL CHECK (json_valid(body) AND length(body) <= 2048)
) STRICT, WITHOUT ROWID;

-- What somebody liked of late.
CREATE INDEX creation_like_of_account ON creation_like (account_id, created_us);
