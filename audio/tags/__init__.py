"""What a clip is called, by a model that somebody put here."""
