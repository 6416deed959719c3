-- What somebody had found out of sound or made of it (features/listening). A row is there from when it is asked for; job_id says how far it
-- is, result what came of it. content: of whose result it would be the same, whoever asks for it. creation_id: whose sound it is of;
-- NULL: of files that were sent.

CREATE TABLE listening (
  id          TEXT PRIMARY KEY CHECK (length(id) = 32),
  account_id  TEXT NOT NULL REFERENCES account (id),
  kind        TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
  job_id      TEXT NOT NULL CHECK (length(job_id) = 32),
  creation_id TEXT REFERENCES creation (id),
  asked       TEXT NOT NULL CHECK (json_valid(asked) AND length(asked) <= 4096),
  content     TEXT CHECK (length(content) = 64),
  result      TEXT CHECK (result IS NULL OR json_valid(result)),
  created_us  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX listening_of_account ON listening (account_id, kind, created_us DESC, id DESC);
CREATE INDEX listening_of_creation ON listening (creation_id, kind, created_us DESC, id DESC) WHERE creation_id IS NOT NULL;
CREATE INDEX listening_of_job ON listening (job_id);
CREATE INDEX listening_content ON listening (kind, content) WHERE content IS NOT NULL;
CREATE INDEX listening_age ON listening (created_us);

-- A file that came of it, under the name that its address ends in.
CREATE TABLE listening_file (
  listening_id TEXT NOT NULL REFERENCES listening (id),
  name         TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  sha256       TEXT NOT NULL CHECK (length(sha256) = 64),
  size_bytes   INTEGER NOT NULL CHECK (size_bytes > 0),
  mime         TEXT NOT NULL CHECK (length(mime) BETWEEN 3 AND 64),
  PRIMARY KEY (listening_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX listening_file_object ON listening_file (sha256);

DROP VIEW named_object;
CREATE VIEW named_object AS
  SELECT sha256, size_bytes FROM asset UNION ALL SELECT sha256, size_bytes FROM avatar
  UNION ALL SELECT sha256, size_bytes FROM account_export UNION ALL SELECT sha256, size_bytes FROM listening_file;
