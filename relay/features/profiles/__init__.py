"""What people say and show of themselves."""
