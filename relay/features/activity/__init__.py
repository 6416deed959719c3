"""What those whom one follows did of late with patterns."""
