"""Followers are told that somebody is producing."""
