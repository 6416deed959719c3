"""Pages that are shown in the person's browser."""
