-- Who is to see the Post of an Entry; NULL: as its account says at the relay.
ALTER TABLE entry ADD COLUMN visibility TEXT CHECK (visibility IN ('public', 'followers', 'unlisted', 'private'));
