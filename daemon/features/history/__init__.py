"""Rings on disk, and what a crash left."""
