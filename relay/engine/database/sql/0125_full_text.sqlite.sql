-- Finding by words (engine/database/full_text.py): all of it is made of other tables.

CREATE TABLE document (
  n         INTEGER PRIMARY KEY,  -- of its row in full_text; who came later has the greater one
  kind      TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
  object_id TEXT NOT NULL,
  UNIQUE (kind, object_id)
) STRICT;

CREATE VIRTUAL TABLE full_text USING fts5 (head, rest, tokenize = 'ascii', prefix = '2 3');

CREATE TABLE full_text_built (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  version  INTEGER NOT NULL,
  after_id TEXT NOT NULL
) STRICT;
