-- What happened on a day, without who it was (features/analytics/events.py): an account or an address is hashed with a salt that only its
-- day has, and that is thrown away after it. day: since 1970, UTC. about: a creation, or '' where there is none. value: of a stop how far
-- into the sound it was, in thousandths; of somebody who was here, the week in which they signed up.

DROP TABLE play;
DROP TABLE play_day;
CREATE TABLE analytics_salt (
  day  INTEGER PRIMARY KEY,
  salt BLOB NOT NULL CHECK (length(salt) = 32)
) STRICT, WITHOUT ROWID;
CREATE TABLE analytics_event (
  day   INTEGER NOT NULL,
  kind  TEXT NOT NULL CHECK (kind IN ('play', 'stop', 'here', 'week')),
  about TEXT NOT NULL CHECK (length(about) IN (0, 32)),
  who   BLOB NOT NULL CHECK (length(who) = 16),
  times INTEGER NOT NULL DEFAULT 1 CHECK (times BETWEEN 1 AND 1000),
  value INTEGER NOT NULL DEFAULT 0 CHECK (value BETWEEN 0 AND 1000000),
  PRIMARY KEY (day, kind, about, who)
) STRICT, WITHOUT ROWID;

-- What was counted of a day (features/analytics/counting.py). about: a creation, an account (of all that it posted), or '': of the relay.
CREATE TABLE analytics_count (
  about  TEXT NOT NULL CHECK (length(about) IN (0, 32)),
  metric TEXT NOT NULL CHECK (length(metric) BETWEEN 1 AND 16),
  day    INTEGER NOT NULL,
  slot   TEXT NOT NULL CHECK (length(slot) <= 64),
  n      INTEGER NOT NULL CHECK (n > 0),
  PRIMARY KEY (about, metric, day, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX analytics_count_of_day ON analytics_count (day);

-- When each day was last counted: after it was over, it is not counted again.
CREATE TABLE analytics_counted (
  day   INTEGER PRIMARY KEY,
  at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who does not want to be counted.
CREATE TABLE analytics_opt_out (
  account_id TEXT PRIMARY KEY REFERENCES account (id),
  since_us   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
