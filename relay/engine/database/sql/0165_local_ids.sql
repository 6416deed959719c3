-- What somebody made elsewhere and brought here once: its id there, and here. It is not brought a second time.

CREATE TABLE local_id (
  account_id  TEXT NOT NULL REFERENCES account (id),
  kind        TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
  id          TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 64),
  creation_id TEXT NOT NULL REFERENCES creation (id),
  PRIMARY KEY (account_id, kind, id)
) STRICT, WITHOUT ROWID;
