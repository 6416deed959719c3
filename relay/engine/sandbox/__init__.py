"""Processes in which strangers' bytes are decoded, and what stands around them. Who decodes what is not said here."""
