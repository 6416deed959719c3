-- What others did that concerns an account, once for each act, whatever is taken back and done again between. kind, about_id
-- and detail are those of the act (table told). Rows hold ids only; what is told of them is read when it is told.

CREATE TABLE notification (
  id         TEXT PRIMARY KEY CHECK (length(id) = 32),
  account_id TEXT NOT NULL REFERENCES account (id),
  kind       TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
  actor_id   TEXT NOT NULL REFERENCES account (id),
  about_id   TEXT NOT NULL CHECK (length(about_id) = 32),
  detail     TEXT NOT NULL CHECK (length(detail) <= 32),
  at_us      INTEGER NOT NULL,
  seen_us    INTEGER,
  read_us    INTEGER,
  UNIQUE (account_id, kind, actor_id, about_id, detail),
  CHECK (read_us IS NULL OR seen_us IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX notification_newest ON notification (account_id, at_us DESC, id DESC);
CREATE INDEX notification_unread ON notification (account_id, at_us DESC, id DESC) WHERE read_us IS NULL;
CREATE INDEX notification_age ON notification (at_us);
CREATE INDEX notification_of_actor ON notification (actor_id);

-- What somebody chose; of the rest they are told.
CREATE TABLE notification_preference (
  account_id TEXT NOT NULL REFERENCES account (id),
  kind       TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
  is_told    INTEGER NOT NULL CHECK (is_told IN (0, 1)),
  PRIMARY KEY (account_id, kind)
) STRICT, WITHOUT ROWID;
