"""The way out: the outbox, uploads in parts."""
