"""Bytes on their way to us, by tus."""
