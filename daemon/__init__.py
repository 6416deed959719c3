"""The desktop daemon: what was played is kept, made ready and posted. Decisions in core, bytes in shell."""
