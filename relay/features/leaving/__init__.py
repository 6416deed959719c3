"""Taking all that is one's own along, and going."""
