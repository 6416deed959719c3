"""The pipeline in its worker process, and its queue."""
