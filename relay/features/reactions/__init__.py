"""Likes and reactions."""
