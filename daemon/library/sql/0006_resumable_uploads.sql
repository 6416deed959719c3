-- Where an upload stands at the relay, so that it goes on there after whatever ended it here. The relay is asked all the
-- same: sent_bytes is what is shown, never what is believed.

ALTER TABLE entry ADD COLUMN upload_url TEXT
  CHECK (upload_url IS NULL OR state IN ('queued', 'uploading', 'needs_attention'));
ALTER TABLE entry ADD COLUMN size_bytes INTEGER CHECK ((size_bytes IS NULL) = (upload_url IS NULL));
ALTER TABLE entry ADD COLUMN sent_bytes INTEGER NOT NULL DEFAULT 0
  CHECK (sent_bytes BETWEEN 0 AND coalesce(size_bytes, 0));
