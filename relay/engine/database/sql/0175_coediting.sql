-- Creations that several people edit at once: the document of each, as the updates it is made of; several become one as they grow.
-- version: the number of the one whose score it has in it. last_n: of its updates. unsaved_us: since when it has what no version has.

CREATE TABLE coedit_document (
  creation_id TEXT PRIMARY KEY REFERENCES creation (id),
  version     INTEGER NOT NULL CHECK (version > 0),
  last_n      INTEGER NOT NULL CHECK (last_n > 0),
  changed_us  INTEGER NOT NULL,
  unsaved_us  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX coedit_document_unsaved ON coedit_document (changed_us) WHERE unsaved_us IS NOT NULL;

CREATE TABLE coedit_update (
  creation_id TEXT NOT NULL REFERENCES coedit_document (creation_id),
  n           INTEGER NOT NULL,
  data        BLOB NOT NULL CHECK (length(data) <= 4194304),
  PRIMARY KEY (creation_id, n)
) STRICT, WITHOUT ROWID;

-- Links by which one edits what they show, and not only sees it.
CREATE TABLE editing_link (
  hash BLOB PRIMARY KEY REFERENCES share_link (hash)
) STRICT, WITHOUT ROWID;
