"""What people say to creations."""
