-- What the door itself needs. Features begin at 0002.

-- How many transactions with effects have committed: a snapshot says with it which effects it already contains.
CREATE TABLE commits (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  n   INTEGER NOT NULL
) STRICT;
INSERT INTO commits (one, n) VALUES (1, 0);

-- 'epoch': which history this is; it changes when the history does (restored, failed over), and cursors end with it.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
