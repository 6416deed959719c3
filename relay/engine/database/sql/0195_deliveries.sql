-- Notifications on their way to where people are (features/deliveries): letters, pushes, webhooks.

-- Which notifications have been looked at for deliveries. Those that were there before have been.
ALTER TABLE notification ADD COLUMN is_queued INTEGER NOT NULL DEFAULT 1 CHECK (is_queued IN (0, 1));
CREATE INDEX notification_to_queue ON notification (at_us, id) WHERE is_queued = 0;

-- What somebody chose for a kind; what is NULL is as the relay has it (rules.py).
CREATE TABLE delivery_choice (
  account_id TEXT NOT NULL REFERENCES account (id),
  kind       TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
  mail       INTEGER CHECK (mail IN (0, 1)),
  push       INTEGER CHECK (push IN (0, 1)),
  webhook    INTEGER CHECK (webhook IN (0, 1)),
  priority   TEXT CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
  PRIMARY KEY (account_id, kind)
) STRICT, WITHOUT ROWID;

-- When. quiet_*_min: minutes of the day in time_zone. stop_secret: of the link in a letter that stops letters. It lies here as it is, for
-- each letter has it, and there is nothing else that it can do.
CREATE TABLE delivery_schedule (
  account_id     TEXT PRIMARY KEY REFERENCES account (id),
  letters        TEXT NOT NULL CHECK (letters IN ('each', 'daily', 'weekly')),
  time_zone      TEXT NOT NULL CHECK (length(time_zone) BETWEEN 1 AND 64),
  quiet_from_min INTEGER CHECK (quiet_from_min BETWEEN 0 AND 1439),
  quiet_to_min   INTEGER CHECK (quiet_to_min BETWEEN 0 AND 1439),
  stop_secret    TEXT NOT NULL UNIQUE CHECK (length(stop_secret) = 32),
  CHECK ((quiet_from_min IS NULL) = (quiet_to_min IS NULL))
) STRICT, WITHOUT ROWID;

-- A browser that takes pushes. server_key: whose pushes it takes; of an older key it takes none of ours.
CREATE TABLE push_subscription (
  id         TEXT PRIMARY KEY CHECK (length(id) = 32),
  account_id TEXT NOT NULL REFERENCES account (id),
  endpoint   TEXT NOT NULL UNIQUE CHECK (length(endpoint) BETWEEN 9 AND 1024),
  p256dh     BLOB NOT NULL CHECK (length(p256dh) = 65),
  auth       BLOB NOT NULL CHECK (length(auth) = 16),
  server_key TEXT NOT NULL,
  agent      TEXT NOT NULL CHECK (length(agent) <= 200),
  created_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX push_subscription_of_account ON push_subscription (account_id);

-- secret: what its calls are signed with, so it lies here as it is. failures: in a row. off_us, off_why: it is called no more.
CREATE TABLE webhook (
  id         TEXT PRIMARY KEY CHECK (length(id) = 32),
  account_id TEXT NOT NULL REFERENCES account (id),
  url        TEXT NOT NULL CHECK (length(url) BETWEEN 9 AND 1024),
  secret     TEXT NOT NULL CHECK (length(secret) BETWEEN 32 AND 64),
  failures   INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
  off_us     INTEGER,
  off_why    TEXT CHECK (length(off_why) <= 1000),
  created_us INTEGER NOT NULL,
  UNIQUE (account_id, url),
  CHECK ((off_us IS NULL) = (off_why IS NULL))
) STRICT, WITHOUT ROWID;

-- One letter, push or call. target_id: of the browser or the webhook; '' for a letter. group_key: what comes while one of the same waits goes with
-- it. due_us of one that is being sent is the end of its holder's lease. Attempts are counted before the work.
CREATE TABLE delivery (
  id         TEXT PRIMARY KEY CHECK (length(id) = 32),
  account_id TEXT NOT NULL REFERENCES account (id),
  channel    TEXT NOT NULL CHECK (channel IN ('mail', 'push', 'webhook')),
  target_id  TEXT NOT NULL CHECK (length(target_id) <= 32),
  group_key  TEXT NOT NULL CHECK (length(group_key) <= 64),
  priority   TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
  state      TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'given_up', 'withdrawn')),
  attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  due_us     INTEGER NOT NULL,
  holder     TEXT CHECK ((holder IS NOT NULL) = (state = 'sending')),
  error      TEXT CHECK (length(error) <= 1000),
  created_us INTEGER NOT NULL,
  ended_us   INTEGER CHECK ((ended_us IS NOT NULL) = (state IN ('sent', 'given_up', 'withdrawn')))
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (due_us, id) WHERE ended_us IS NULL;
CREATE INDEX delivery_open ON delivery (account_id, channel, target_id, group_key) WHERE ended_us IS NULL;
CREATE INDEX delivery_newest ON delivery (account_id, created_us DESC, id DESC);
CREATE INDEX delivery_sent ON delivery (account_id, channel, ended_us) WHERE state = 'sent';
CREATE INDEX delivery_ended ON delivery (ended_us) WHERE ended_us IS NOT NULL;

-- What it tells of. A notification goes to a target once.
CREATE TABLE delivery_note (
  delivery_id     TEXT NOT NULL REFERENCES delivery (id),
  notification_id TEXT NOT NULL CHECK (length(notification_id) = 32),
  PRIMARY KEY (delivery_id, notification_id)
) STRICT, WITHOUT ROWID;
