-- Who is to see the Post of an Entry. What was to be posted before this was known was to be seen by everybody.
ALTER TABLE entry ADD COLUMN visibility TEXT NOT NULL DEFAULT 'public'
  CHECK (visibility IN ('public', 'followers', 'unlisted', 'private'));
