"""The settings of daemon.config in use: their table, what fits, and the places they are read from and written to."""
