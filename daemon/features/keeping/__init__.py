"""Keeping what a plugin holds."""
