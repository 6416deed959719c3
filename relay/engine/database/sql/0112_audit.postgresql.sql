-- What moderators did and said of it, for good: no row of it is ever changed or removed.
CREATE TABLE audit (
  id        TEXT PRIMARY KEY CHECK (length(id) = 32),
  at_us     INTEGER NOT NULL,
  actor_id  TEXT NOT NULL,
  deed      TEXT NOT NULL CHECK (length(deed) BETWEEN 1 AND 32),
  kind      TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 16),
  object_id TEXT NOT NULL CHECK (length(object_id) BETWEEN 1 AND 64),
  note      TEXT NOT NULL CHECK (length(note) <= 1000)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_age ON audit (at_us, id);
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN RAISE EXCEPTION ''What was noted in the audit log stays as it was noted.''; END';
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_stays();
