"""How the daemon is, in one state and some sentences."""
