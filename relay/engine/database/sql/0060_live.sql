-- What happened to which ids, in the order of commits. What is told of it is built from the rows as they are when it is
-- told. topic: author:ID (who follows them hears of it) or inbox:ID. (n, i): number of the commit, place in it.

CREATE TABLE event (
  n          INTEGER NOT NULL CHECK (n >= 1),
  i          INTEGER NOT NULL CHECK (i >= 0),
  topic      TEXT NOT NULL CHECK (length(topic) <= 80),
  kind       TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
  actor_id   TEXT NOT NULL CHECK (length(actor_id) = 32),
  object_id  TEXT NOT NULL CHECK (length(object_id) = 32),
  id         TEXT NOT NULL CHECK (length(id) = 32),
  at_us      INTEGER NOT NULL,
  PRIMARY KEY (n, i)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_of_topic ON event (topic, n, i);
CREATE INDEX event_age ON event (at_us);

-- Acts that were told once; repeating one (like, unlike, like) tells nobody again. event_id: of the event that tells it,
-- or ''. unheard: the act had been taken back by the time somebody was to hear of it, so it may be told again.
CREATE TABLE told (
  kind      TEXT NOT NULL,
  actor_id  TEXT NOT NULL,
  object_id TEXT NOT NULL,
  detail    TEXT NOT NULL,
  event_id  TEXT NOT NULL DEFAULT '',
  unheard   INTEGER NOT NULL DEFAULT 0 CHECK (unheard IN (0, 1)),
  PRIMARY KEY (kind, actor_id, object_id, detail)
) STRICT, WITHOUT ROWID;
CREATE INDEX told_of_event ON told (event_id);
CREATE INDEX event_of_id ON event (id);

-- Events of commits up to floor_n are gone.
CREATE TABLE event_log (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  floor_n INTEGER NOT NULL
) STRICT;
INSERT INTO event_log (one, floor_n) VALUES (1, 0);

-- Opens one WebSocket, once.
CREATE TABLE ws_ticket (
  hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
  account_id TEXT NOT NULL REFERENCES account (id),
  device_id  TEXT,
  family_id  TEXT,
  session_id TEXT,
  expires_us INTEGER NOT NULL,
  until_us   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ws_ticket_expiry ON ws_ticket (expires_us);

-- Which key signs access tokens: a process with another one does not start.
CREATE TABLE signing_key (
  kid        TEXT PRIMARY KEY,
  created_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
