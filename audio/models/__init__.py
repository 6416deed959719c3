"""Models that somebody puts here: which there are, how a file of one is known, how its weights are read and run. None is shipped."""
