-- The library, the outbox and what the daemon knows of the feed. Times are Unix microseconds.
-- CHECKs repeat the transition tables of daemon.core, so that no bug can store a state that cannot be.

CREATE TABLE take (
    take_id        TEXT PRIMARY KEY CHECK (length(take_id) = 32),
    title          TEXT NOT NULL CHECK (length(title) <= 120),
    created_us     INTEGER NOT NULL,
    host_name      TEXT NOT NULL,
    frames         INTEGER NOT NULL CHECK (frames > 0),
    sample_rate_hz REAL NOT NULL CHECK (sample_rate_hz > 0),
    channels       INTEGER NOT NULL CHECK (channels IN (1, 2)),
    cut            TEXT NOT NULL,                     -- JSON of daemon.core.capture.Cut: bars, tempo, meter, note
    state          TEXT NOT NULL CHECK (state IN ('kept', 'ready', 'failed')),
    attempts       INTEGER NOT NULL DEFAULT 0,        -- counted before the pipeline starts: a crash costs one
    flac_sha256    TEXT,                              -- known as soon as the lossless copy is durable
    recording      TEXT CHECK ((state = 'ready') = (recording IS NOT NULL)),
    error          TEXT CHECK ((state = 'failed') = (error IS NOT NULL))
) STRICT;

CREATE INDEX take_by_time ON take (created_us);

CREATE TABLE entry (
    entry_id        TEXT PRIMARY KEY CHECK (length(entry_id) = 32),  -- also the idempotency key
    take_id         TEXT NOT NULL UNIQUE REFERENCES take (take_id),   -- one Take, one Post
    account         TEXT,             -- whose Post this is; set when first claimed, never changed after
    title           TEXT NOT NULL,
    created_us      INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN
                        ('waiting', 'queued', 'uploading', 'accepted', 'quarantined', 'needs_attention')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_us INTEGER NOT NULL DEFAULT 0,
    lease_until_us  INTEGER CHECK ((state = 'uploading') = (lease_until_us IS NOT NULL)),
    sha256          TEXT CHECK (state = 'waiting' OR state = 'quarantined' OR sha256 IS NOT NULL),
    post_id         TEXT CHECK ((state = 'accepted') = (post_id IS NOT NULL)),
    post_url        TEXT,
    reason          TEXT CHECK (state NOT IN ('quarantined', 'needs_attention') OR reason IS NOT NULL)
) STRICT;

-- Where this device stands on each channel of the relay: written in the transaction that applies the events.
CREATE TABLE position (
    channel TEXT PRIMARY KEY,
    epoch   TEXT NOT NULL,
    offset  INTEGER NOT NULL CHECK (offset >= 0)
) STRICT;

CREATE TABLE item (
    post_id    TEXT PRIMARY KEY,
    created_at TEXT NOT NULL,
    post       TEXT NOT NULL          -- JSON of relay.wire.rest.AudioPost
) STRICT;

CREATE INDEX item_by_time ON item (created_at);

CREATE TABLE fact (
    name  TEXT PRIMARY KEY,           -- 'account', 'user_id', 'device_id'
    value TEXT NOT NULL
) STRICT;
