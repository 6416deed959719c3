"""Where requests come in: a door turns a message into a deed, and its outcome into an answer."""
