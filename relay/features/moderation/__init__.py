"""Reports, decisions of moderators, what is said against them, and the log of it all."""
