"""One-shots and loops of sound that people bring for their own music: uploaded, listed, counted and deleted."""
