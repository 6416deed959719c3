-- What the analysis found: tempo, key, warnings, fingerprint. JSON of daemon.core.heard.Heard.
ALTER TABLE take ADD COLUMN heard TEXT;

-- Takes of earlier versions are made again, so that they too can be found by how they sound.
UPDATE take SET state = 'kept', recording = NULL, attempts = 0, failures = 0 WHERE state = 'ready';
