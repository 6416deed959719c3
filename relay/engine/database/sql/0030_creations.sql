-- Anything a person made. Kinds are rows of the code (features/creations/kinds), so no list of them stands here.

CREATE TABLE creation (
  id                TEXT PRIMARY KEY CHECK (length(id) = 32),
  owner_id          TEXT NOT NULL REFERENCES account (id),
  kind              TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
  visibility        TEXT NOT NULL CHECK (visibility IN ('private', 'unlisted', 'followers', 'public')),
  state             TEXT NOT NULL CHECK (state IN ('draft', 'processing', 'ready', 'failed', 'hidden', 'archived', 'deleted')),
  owner_state       TEXT NOT NULL CHECK (owner_state IN ('open', 'private', 'suspended')),  -- as its owner's account stands
  title             TEXT NOT NULL CHECK (length(title) <= 120),
  head_version_id   TEXT NOT NULL CHECK (length(head_version_id) = 32),
  parent_id         TEXT CHECK (length(parent_id) = 32),          -- what it was forked from, and which version of that
  parent_version_id TEXT CHECK (length(parent_version_id) = 32),
  bpm               REAL CHECK (bpm > 0 AND bpm <= 1000),
  key               TEXT CHECK (length(key) <= 16),
  daw               TEXT CHECK (length(daw) BETWEEN 1 AND 64),
  camelot           TEXT CHECK (length(camelot) BETWEEN 2 AND 3),  -- the key's place among those that go together
  duration_ms       INTEGER NOT NULL CHECK (duration_ms >= 0),
  licence           TEXT NOT NULL DEFAULT 'all-rights-reserved' CHECK (length(licence) BETWEEN 1 AND 32),
  downloads         INTEGER NOT NULL DEFAULT 0 CHECK (downloads IN (0, 1)),  -- others get the lossless sound
  pinned_us         INTEGER NOT NULL DEFAULT 0,  -- since when it stands first on its owner's page
  play_count        INTEGER NOT NULL DEFAULT 0 CHECK (play_count >= 0),
  repost_count      INTEGER NOT NULL DEFAULT 0 CHECK (repost_count >= 0),
  like_count        INTEGER NOT NULL DEFAULT 0 CHECK (like_count >= 0),
  comment_count     INTEGER NOT NULL DEFAULT 0 CHECK (comment_count >= 0),
  fork_count        INTEGER NOT NULL DEFAULT 0 CHECK (fork_count >= 0),
  view_count        INTEGER NOT NULL DEFAULT 0 CHECK (view_count >= 0),
  created_us        INTEGER NOT NULL,
  changed_us        INTEGER NOT NULL,
  published_us      INTEGER NOT NULL,
  hot_us            INTEGER NOT NULL,            -- where it stands by rank: features/feeds/ranking.py
  trend_us          INTEGER NOT NULL DEFAULT 0,  -- 0: nobody gave a sign
  engaged           INTEGER NOT NULL DEFAULT 0 CHECK (engaged >= 0),
  people            INTEGER NOT NULL DEFAULT 0 CHECK (people >= 0),
  moved_us          INTEGER NOT NULL DEFAULT 0,  -- when it last moved down a list: who pages through it passes it over
  tags              TEXT NOT NULL CHECK (json_valid(tags)),
  reactions         TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(reactions)),  -- how many of each emoji
  liked_with        TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(liked_with)),  -- how many likes came with another emoji
  card              TEXT NOT NULL CHECK (json_valid(card) AND length(card) <= 4096)  -- of the head version, for feeds
) STRICT, WITHOUT ROWID;
CREATE INDEX creation_newest ON creation (kind, published_us DESC, id DESC)
  WHERE state = 'ready' AND visibility = 'public' AND owner_state = 'open';
-- Those whom enough people know, and all others: a page is made of both.
CREATE INDEX creation_known ON creation (kind, hot_us DESC, id DESC)
  WHERE state = 'ready' AND visibility = 'public' AND owner_state = 'open' AND people >= 3;
CREATE INDEX creation_unknown ON creation (kind, hot_us DESC, id DESC)
  WHERE state = 'ready' AND visibility = 'public' AND owner_state = 'open' AND people < 3;
CREATE INDEX creation_trending ON creation (kind, trend_us DESC, id DESC)
  WHERE state = 'ready' AND visibility = 'public' AND owner_state = 'open' AND people >= 2;
CREATE INDEX creation_of_owner ON creation (owner_id, kind, published_us DESC, id DESC);
-- What followers find: a timeline asks hundreds of authors for their newest, without looking at a row or passing over what
-- is not for its eyes. (SQLite takes it for the whole answer only with the columns of its condition in it.)
CREATE INDEX creation_for_followers ON creation (owner_id, kind, published_us DESC, id DESC, state, visibility, owner_state)
  WHERE state = 'ready' AND visibility IN ('public', 'followers') AND owner_state <> 'suspended';
CREATE INDEX creation_of_changed ON creation (owner_id, kind, changed_us DESC, id DESC) WHERE state <> 'deleted';
CREATE INDEX creation_forks ON creation (parent_id, published_us DESC, id DESC) WHERE parent_id IS NOT NULL;
CREATE INDEX creation_pinned ON creation (owner_id, pinned_us DESC) WHERE pinned_us > 0;

-- Of each tag as it is looked for (folded), the posts; `creation.tags` has them as they were written.
CREATE TABLE creation_tag (
  creation_id  TEXT NOT NULL REFERENCES creation (id),
  tag          TEXT NOT NULL CHECK (length(tag) BETWEEN 1 AND 64),
  published_us INTEGER NOT NULL,
  PRIMARY KEY (creation_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX creation_tag_newest ON creation_tag (tag, published_us DESC, creation_id DESC);

-- body: what the pipeline found of its sound (features/creations/figures). score: of kinds that are written down instead of
-- recorded, and never changed; their sound is made of it later, and only then has figures. A row of asset exists only after
-- its bytes are durable in the objects.
CREATE TABLE creation_version (
  id          TEXT PRIMARY KEY CHECK (length(id) = 32),
  creation_id TEXT NOT NULL REFERENCES creation (id),
  n           INTEGER NOT NULL CHECK (n >= 1),
  created_us  INTEGER NOT NULL,
  bpm         REAL CHECK (bpm > 0 AND bpm <= 1000),
  key         TEXT CHECK (length(key) <= 16),
  body        TEXT NOT NULL CHECK (json_valid(body)),
  score       TEXT CHECK (score IS NULL OR (json_valid(score) AND length(score) <= 262144)),
  note        TEXT NOT NULL DEFAULT '' CHECK (length(note) <= 200),
  UNIQUE (creation_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE asset (
  version_id TEXT NOT NULL REFERENCES creation_version (id),
  role       TEXT NOT NULL CHECK (length(role) BETWEEN 1 AND 32),
  sha256     TEXT NOT NULL CHECK (length(sha256) = 64),
  size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
  mime       TEXT NOT NULL CHECK (length(mime) BETWEEN 3 AND 64),
  PRIMARY KEY (version_id, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_object ON asset (sha256);

-- Idempotency of publishing: a key belongs to an account, and makes one creation, or one version of it, by one job.
CREATE TABLE publication (
  account_id  TEXT NOT NULL REFERENCES account (id),
  key         TEXT NOT NULL CHECK (length(key) = 32),
  sha256      TEXT NOT NULL CHECK (length(sha256) = 64),
  upload_id   TEXT CHECK (length(upload_id) = 32),
  job_id      TEXT NOT NULL CHECK (length(job_id) = 32),
  replaces_id TEXT CHECK (length(replaces_id) = 32),  -- the creation that gets another sound
  creation_id TEXT REFERENCES creation (id),
  started_us  INTEGER NOT NULL,
  PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX publication_of_creation ON publication (creation_id);
CREATE INDEX publication_under_way ON publication (account_id) WHERE creation_id IS NULL;
