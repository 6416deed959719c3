-- Reactions with an emoji, beside the like (table reaction): several of each person on a post, one of each emoji.

CREATE TABLE emoji_reaction (
  creation_id TEXT NOT NULL REFERENCES creation (id),
  account_id  TEXT NOT NULL REFERENCES account (id),
  emoji       TEXT NOT NULL CHECK (length(emoji) BETWEEN 1 AND 16),
  id          TEXT NOT NULL UNIQUE CHECK (length(id) = 32),
  created_us  INTEGER NOT NULL,
  PRIMARY KEY (creation_id, account_id, emoji)
) STRICT, WITHOUT ROWID;

-- How many of each emoji, as JSON: a feed reads it with the row, without a second table.
ALTER TABLE creation ADD COLUMN reactions TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(reactions));
