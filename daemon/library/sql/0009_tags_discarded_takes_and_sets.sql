-- What a person has put a Take under. JSON list of texts.
ALTER TABLE take ADD COLUMN tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags));

-- When a person discarded it. Until the grace is over it can be restored; lists do not show it.
ALTER TABLE take ADD COLUMN discarded_us INTEGER;

-- Takes that were kept together, of several plugins, have the set's id in common; it is as long as one of them is there.
-- set_clock: how the frames of this one lie to those of the set's first. frames: the same, to the frame; transport: by the
-- song position that its own host tells; time: by when they were heard, to a block or so.
ALTER TABLE take ADD COLUMN set_id TEXT CHECK (length(set_id) = 32);
ALTER TABLE take ADD COLUMN set_clock TEXT
  CHECK ((set_clock IS NULL) = (set_id IS NULL) AND set_clock IN ('frames', 'transport', 'time'));

CREATE INDEX take_by_set ON take (set_id) WHERE set_id IS NOT NULL;
CREATE INDEX take_discarded ON take (discarded_us) WHERE discarded_us IS NOT NULL;
