"""What the relay can do: an ability is a folder. A feature asks another only through its api module; the engine knows none."""
