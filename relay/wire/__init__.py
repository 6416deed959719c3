"""What relay, daemons and browsers say to each other. The only part of the relay that a daemon may import.

rest.py: bodies of `/api/v1`; events.py: messages of `/api/v1/ws`; ids.py: identifiers. Values and limits only: no
I/O, no clock. Fields are only ever added, with a default; unknown fields are ignored by the reader.
"""
