-- Who gave a creation which signs (features/feeds/ranking.py), and when they came to weigh so much. What follows of all of
-- them stands in its row.

CREATE TABLE engagement (
  creation_id TEXT NOT NULL REFERENCES creation (id),
  account_id  TEXT NOT NULL REFERENCES account (id),
  signs       INTEGER NOT NULL CHECK (signs > 0),
  at_us       INTEGER NOT NULL,
  PRIMARY KEY (creation_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX engagement_newest ON engagement (creation_id, at_us DESC);
CREATE INDEX engagement_of_account ON engagement (account_id);

-- By which version of a strategy the places stand, and up to which creation they are computed anew by the next.
CREATE TABLE ranking (
  name     TEXT PRIMARY KEY,
  version  INTEGER NOT NULL,
  after_id TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
