-- Loops, songs, patterns and machines of this library. Beside each lies its file, of which a lost library is made again.
CREATE TABLE creation (
    creation_id   TEXT PRIMARY KEY CHECK (length(creation_id) = 32),
    kind          TEXT NOT NULL CHECK (kind IN ('loop', 'song', 'pattern', 'machine')),
    name          TEXT NOT NULL,
    score         TEXT NOT NULL CHECK (json_valid(score)),  -- as the relay's wire writes it, name and kind with it
    version       INTEGER NOT NULL CHECK (version >= 1),    -- of here
    created_us    INTEGER NOT NULL,
    changed_us    INTEGER NOT NULL,
    deleted_us    INTEGER,                                  -- it can be restored until its grace is over
    take_id       TEXT,                                     -- the take whose sound it is
    account       TEXT,                                     -- whose it is at the relay; NULL: it is only here
    relay_id      TEXT,
    relay_version INTEGER,                                  -- the version there that `sent` is
    sent          TEXT CHECK (sent IS NULL OR json_valid(sent)),            -- the score as the relay has it
    making        TEXT CHECK (making IS NULL OR json_valid(making)),          -- what the relay was asked to make, and has not answered: asked again as it was
    waits         INTEGER NOT NULL DEFAULT 0 CHECK (waits IN (0, 1)),  -- something of it is to be sent
    trouble       TEXT NOT NULL DEFAULT '',                 -- why it is not sent by itself
    CHECK ((relay_id IS NULL) = (relay_version IS NULL) AND (relay_id IS NULL) = (sent IS NULL)),
    CHECK (relay_id IS NULL OR making IS NULL),
    CHECK (account IS NOT NULL OR (relay_id IS NULL AND making IS NULL AND waits = 0))
) STRICT;

CREATE INDEX creation_by_change ON creation (kind, changed_us);
CREATE INDEX creation_that_waits ON creation (account) WHERE waits = 1;
CREATE UNIQUE INDEX creation_at_the_relay ON creation (account, relay_id) WHERE relay_id IS NOT NULL;
