"""The feed, for the command line and for the windows of plugins."""
