"""Bytes that are kept: a folder of this machine, or S3. door.py says what both can do; open.py chooses by URL."""
