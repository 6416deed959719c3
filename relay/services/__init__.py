"""What the relay does: use cases over the database, the object folder, the hub and the worker process."""
