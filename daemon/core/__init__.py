"""Decisions of the daemon, as pure functions and state machines: values and `now_us` in, values and effects out."""
