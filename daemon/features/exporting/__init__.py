"""Sounds as WAV files of their own, for other programs: to be dragged into a host, or shown in a file manager."""
