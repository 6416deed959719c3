-- An Entry is held for some seconds, so that it can be undone before anything of it leaves.
-- SQLite cannot change a CHECK, so the table is made anew.

CREATE TABLE entry_3 (
    entry_id        TEXT PRIMARY KEY CHECK (length(entry_id) = 32),  -- also the idempotency key
    take_id         TEXT NOT NULL UNIQUE REFERENCES take (take_id),   -- one Take, one Post
    account         TEXT,             -- whose Post this is; set when first claimed, never changed after
    title           TEXT NOT NULL,
    created_us      INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN
                        ('held', 'waiting', 'queued', 'uploading', 'accepted', 'quarantined', 'needs_attention',
                         'discarded')),
    held_until_us   INTEGER CHECK ((state = 'held') = (held_until_us IS NOT NULL)),
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_us INTEGER NOT NULL DEFAULT 0,
    lease_until_us  INTEGER CHECK ((state = 'uploading') = (lease_until_us IS NOT NULL)),
    sha256          TEXT CHECK (state IN ('held', 'waiting', 'quarantined', 'discarded') OR sha256 IS NOT NULL),
    upload_url      TEXT CHECK (upload_url IS NULL OR state IN ('queued', 'uploading', 'needs_attention')),
    size_bytes      INTEGER CHECK ((size_bytes IS NULL) = (upload_url IS NULL)),
    sent_bytes      INTEGER NOT NULL DEFAULT 0 CHECK (sent_bytes BETWEEN 0 AND coalesce(size_bytes, 0)),
    post_id         TEXT CHECK ((state = 'accepted') = (post_id IS NOT NULL)),
    post_url        TEXT,
    reason          TEXT CHECK (state NOT IN ('quarantined', 'needs_attention') OR reason IS NOT NULL)
) STRICT;

INSERT INTO entry_3 (entry_id, take_id, account, title, created_us, state, attempts, next_attempt_us, lease_until_us,
                     sha256, upload_url, size_bytes, sent_bytes, post_id, post_url, reason)
SELECT entry_id, take_id, account, title, created_us, state, attempts, next_attempt_us, lease_until_us,
       sha256, upload_url, size_bytes, sent_bytes, post_id, post_url, reason
FROM entry ORDER BY rowid;
DROP TABLE entry;
ALTER TABLE entry_3 RENAME TO entry;
