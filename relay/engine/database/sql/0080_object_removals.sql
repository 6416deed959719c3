-- Objects that no asset speaks of any more, because what they were of was deleted. gone 0: the bytes are being removed, and
-- no asset may name them; 1: they were. n grows with every change of the table: who stored equal bytes before a removal
-- that is not older than n stored nothing.
CREATE TABLE object_removal (
  sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64),
  n      INTEGER NOT NULL UNIQUE CHECK (n >= 1),
  gone   INTEGER NOT NULL CHECK (gone IN (0, 1)),
  at_us  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
