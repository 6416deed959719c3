-- Finding by words (engine/database/full_text.py): all of it is made of other tables. Between head and rest stands a word that
-- nobody can look for, so that no phrase goes from one to the other.

CREATE TABLE document (
  n         INTEGER PRIMARY KEY,
  kind      TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
  object_id TEXT NOT NULL,
  UNIQUE (kind, object_id)
);

CREATE TABLE full_text (
  rowid   INTEGER PRIMARY KEY,
  head    TEXT NOT NULL,
  rest    TEXT NOT NULL,
  lexemes TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, head || ' 0endofhead0 ' || rest)) STORED
);
CREATE INDEX full_text_lexemes ON full_text USING gin (lexemes);

CREATE TABLE full_text_built (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  version  INTEGER NOT NULL,
  after_id TEXT NOT NULL
);
