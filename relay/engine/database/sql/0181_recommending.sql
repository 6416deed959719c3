-- What somebody said of what was recommended to them: a features/recommending/feedback.py Feedback. A row of its own for each post, which
-- nobody else sees.

CREATE TABLE feedback (
  account_id  TEXT NOT NULL REFERENCES account (id),
  creation_id TEXT NOT NULL REFERENCES creation (id),
  said        INTEGER NOT NULL CHECK (said > 0),
  at_us       INTEGER NOT NULL,
  PRIMARY KEY (account_id, creation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX feedback_of_creation ON feedback (creation_id);
CREATE INDEX feedback_newest ON feedback (account_id, at_us DESC);

-- The newest signs of somebody, and the oldest of so many.
CREATE INDEX engagement_newest_of_account ON engagement (account_id, at_us DESC);
DROP INDEX engagement_of_account;
