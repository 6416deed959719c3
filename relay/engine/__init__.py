"""What every ability of the relay stands on and that knows none of them: database, objects, bus, clock."""
