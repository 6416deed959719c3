-- Likes, reactions and follows that the relay has not answered yet, in the order in which they were asked for. Each sets one
-- thing to one state, so the newest word on a thing replaces the older one.
CREATE TABLE waiting_deed (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,            -- whose deed it is: it is done for nobody else
    kind    TEXT NOT NULL CHECK (kind IN ('like', 'react', 'follow')),
    object  TEXT NOT NULL,            -- a post's id, or a username
    emoji   TEXT NOT NULL CHECK ((kind = 'react') = (emoji <> '')),
    is_on   INTEGER NOT NULL CHECK (is_on IN (0, 1)),
    UNIQUE (account, kind, object, emoji)
) STRICT;
