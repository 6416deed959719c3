-- What people report, each of them an object once; closed_us: since a moderator decided.
CREATE TABLE report (
  id          TEXT PRIMARY KEY CHECK (length(id) = 32),
  reporter_id TEXT NOT NULL REFERENCES account (id),
  kind        TEXT NOT NULL CHECK (kind IN ('post', 'comment', 'account')),
  object_id   TEXT NOT NULL CHECK (length(object_id) = 32),
  reason      TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 32),
  text        TEXT NOT NULL CHECK (length(text) <= 1000),
  created_us  INTEGER NOT NULL,
  closed_us   INTEGER,
  UNIQUE (reporter_id, kind, object_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX report_of_object ON report (kind, object_id);
CREATE INDEX report_open ON report (created_us, id) WHERE closed_us IS NULL;

-- Sound that was removed and is not taken again: of uploads as they came, and of their samples as we store them.
CREATE TABLE blocked_hash (
  sha256     TEXT PRIMARY KEY CHECK (length(sha256) = 64),
  created_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What somebody says against a decision, once for each; answered by a moderator.
CREATE TABLE appeal (
  id          TEXT PRIMARY KEY CHECK (length(id) = 32),
  account_id  TEXT NOT NULL REFERENCES account (id),
  kind        TEXT NOT NULL CHECK (kind IN ('post', 'account')),
  object_id   TEXT NOT NULL CHECK (length(object_id) = 32),
  text        TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 1000),
  created_us  INTEGER NOT NULL,
  answered_us INTEGER,
  answer      TEXT NOT NULL DEFAULT '' CHECK (length(answer) <= 1000),
  UNIQUE (account_id, kind, object_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX appeal_open ON appeal (created_us, id) WHERE answered_us IS NULL;
