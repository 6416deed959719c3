"""Whether there is a newer Sidechain."""
