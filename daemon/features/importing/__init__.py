"""Sound of a file as a Take."""
