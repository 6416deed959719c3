-- What the door itself needs. Features begin at 0002.

-- How many transactions with effects have committed. Its row is the lock of all writers of all processes.
CREATE TABLE commits (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  n   INTEGER NOT NULL
);
INSERT INTO commits (one, n) VALUES (1, 0);

-- The effects of the last commits, for the other processes.
CREATE TABLE commit_log (
  n       INTEGER PRIMARY KEY,
  effects BLOB NOT NULL
);

-- The last group of each writer: when the answer to a COMMIT is lost, this says whether it took place.
CREATE TABLE last_group (
  writer TEXT PRIMARY KEY,
  mark   INTEGER NOT NULL,
  at_us  INTEGER NOT NULL
);

-- 'epoch': which history this is; it changes when the history does (restored, failed over), and cursors end with it.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

-- What SQLite has and the relay's statements use.
CREATE AGGREGATE json_group_array(text) (SFUNC = array_append, STYPE = text[], INITCOND = '{}', FINALFUNC = array_to_json);
CREATE FUNCTION substr(text, bigint, bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN pg_catalog.substr($1, $2::int, $3::int);
CREATE FUNCTION substr(text, bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN pg_catalog.substr($1, $2::int);
