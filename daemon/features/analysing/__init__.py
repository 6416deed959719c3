"""Files and takes as analysis hears them: one child process that decodes, listens, compares and separates."""
