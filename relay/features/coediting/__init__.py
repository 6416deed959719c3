"""Editing one creation together: a CRDT document for each, the y-websocket protocol, and a version when nobody has changed it for a while."""
