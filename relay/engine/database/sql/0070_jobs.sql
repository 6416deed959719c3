-- Slow work. A row is enqueued in the transaction of what asks for it, and taken by one worker of one process at a time:
-- due_us of a running job is the end of its holder's lease. Attempts are counted before the work.

CREATE TABLE job (
  id         TEXT PRIMARY KEY CHECK (length(id) = 32),
  kind       TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
  account_id TEXT NOT NULL REFERENCES account (id),
  state      TEXT NOT NULL CHECK (state IN ('ready', 'running', 'done', 'failed', 'cancelled', 'quarantined')),
  attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  due_us     INTEGER NOT NULL,
  holder     TEXT CHECK ((holder IS NOT NULL) = (state = 'running')),
  stage      TEXT NOT NULL DEFAULT '' CHECK (length(stage) <= 32),
  fraction   REAL NOT NULL DEFAULT 0 CHECK (fraction >= 0 AND fraction <= 1),
  error_code TEXT CHECK (length(error_code) <= 64),
  error      TEXT CHECK (length(error) <= 1000),
  created_us INTEGER NOT NULL,
  started_us INTEGER,
  ended_us   INTEGER CHECK ((ended_us IS NULL) = (state IN ('ready', 'running'))),
  data       TEXT NOT NULL CHECK (json_valid(data))
) STRICT, WITHOUT ROWID;
CREATE INDEX job_due ON job (due_us, id) WHERE state IN ('ready', 'running');
CREATE INDEX job_of_account ON job (account_id, state);
CREATE INDEX job_newest ON job (account_id, created_us DESC, id DESC);
CREATE INDEX job_ended ON job (ended_us) WHERE ended_us IS NOT NULL;

-- Whose turn it was last: who waits longest comes next, however much the others have queued.
CREATE TABLE job_turn (
  account_id TEXT PRIMARY KEY REFERENCES account (id),
  at_us      INTEGER NOT NULL,
  free_us    INTEGER NOT NULL DEFAULT 0  -- when the work done for it so far is within its budget again
) STRICT, WITHOUT ROWID;
