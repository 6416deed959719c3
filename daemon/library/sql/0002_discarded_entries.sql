-- An Entry may be discarded: it stays with its id, so that posting the Take again can never make a second Post.
-- SQLite cannot change a CHECK, so the table is made anew.

CREATE TABLE entry_2 (
    entry_id        TEXT PRIMARY KEY CHECK (length(entry_id) = 32),  -- also the idempotency key
    take_id         TEXT NOT NULL UNIQUE REFERENCES take (take_id),   -- one Take, one Post
    account         TEXT,             -- whose Post this is; set when first claimed, never changed after
    title           TEXT NOT NULL,
    created_us      INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN
                        ('waiting', 'queued', 'uploading', 'accepted', 'quarantined', 'needs_attention', 'discarded')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_us INTEGER NOT NULL DEFAULT 0,
    lease_until_us  INTEGER CHECK ((state = 'uploading') = (lease_until_us IS NOT NULL)),
    sha256          TEXT CHECK (state IN ('waiting', 'quarantined', 'discarded') OR sha256 IS NOT NULL),
    post_id         TEXT CHECK ((state = 'accepted') = (post_id IS NOT NULL)),
    post_url        TEXT,
    reason          TEXT CHECK (state NOT IN ('quarantined', 'needs_attention') OR reason IS NOT NULL)
) STRICT;

INSERT INTO entry_2 SELECT * FROM entry;
DROP TABLE entry;
ALTER TABLE entry_2 RENAME TO entry;

-- Times the worker failed while the daemon lived. `attempts` counts what was begun, also by a daemon that was killed:
-- that is not the take's fault, until it is too often.
ALTER TABLE take ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
