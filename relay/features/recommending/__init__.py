"""What somebody may like, and what goes with what: by how it sounds and by who cares about it, each with the reason in words."""
