"""Instruments that patterns are played with, and groups of them: the kit's, and those that admins make of samples."""
