"""What is written down instead of recorded: loops, songs, patterns and machines, here and at the relay."""
