"""Discarded takes, until they are gone."""
