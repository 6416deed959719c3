"""Sounds played through this machine's own devices, not through a DAW."""
