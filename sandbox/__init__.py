"""What a process that decodes strangers' bytes may cost, call and touch. Used by the relay and on the desktop alike."""
