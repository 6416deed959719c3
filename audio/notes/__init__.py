"""What notes are heard in a clip, by a model that somebody put here."""
