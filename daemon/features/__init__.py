"""What the daemon does, one folder for each ability."""
