"""What plugin and daemon say to each other: the leaf that everything local stands on.

Read SPEC.md first; then layout.py (bytes in shared memory), messages.py (messages), session.py (who may say what,
when), ring.py (index arithmetic), codec.py (the one door for bytes). `c/` is the same contract in C.
"""
