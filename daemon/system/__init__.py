"""What stands between the daemon and the operating system."""
