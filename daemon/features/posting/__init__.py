"""Entries on their way to the relay."""
