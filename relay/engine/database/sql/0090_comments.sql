-- What people say to creations. A thread is a comment and all answers to it, to its answers …; root_id: the comment that it
-- begins with. A deleted comment that has answers stays as a tombstone, without a word.

CREATE TABLE comment (
  id          TEXT PRIMARY KEY CHECK (length(id) = 32),
  creation_id TEXT NOT NULL REFERENCES creation (id),
  author_id   TEXT NOT NULL REFERENCES account (id),
  root_id     TEXT NOT NULL CHECK (length(root_id) = 32),
  parent_id   TEXT CHECK (length(parent_id) = 32),
  depth       INTEGER NOT NULL CHECK (depth BETWEEN 0 AND 16),
  state       TEXT NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'deleted')),
  words       TEXT NOT NULL CHECK (length(words) <= 1000),
  position_ms INTEGER CHECK (position_ms >= 0),
  reply_count INTEGER NOT NULL DEFAULT 0 CHECK (reply_count >= 0),  -- of the first of a thread: the ready ones after it
  created_us  INTEGER NOT NULL,
  edited_us   INTEGER,
  CHECK ((parent_id IS NULL) = (depth = 0)),
  CHECK (state = 'ready' OR words = '')
) STRICT, WITHOUT ROWID;
CREATE INDEX comment_first ON comment (creation_id, created_us DESC, id DESC) WHERE depth = 0;
CREATE INDEX comment_of_thread ON comment (root_id, created_us, id);
CREATE INDEX comment_of_creation ON comment (creation_id);
CREATE INDEX comment_answers ON comment (parent_id);
CREATE INDEX comment_of_author ON comment (author_id, created_us);

-- Whom a comment names, of those there are.
CREATE TABLE comment_mention (
  comment_id TEXT NOT NULL REFERENCES comment (id),
  account_id TEXT NOT NULL REFERENCES account (id),
  PRIMARY KEY (comment_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX comment_mention_of_account ON comment_mention (account_id);
