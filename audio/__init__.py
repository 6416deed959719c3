"""Pure functions on float32 arrays shaped (frames, channels): measure, level, encode, draw.

No file, process, clock, log or global state in here: every function takes values and returns values, so any of
them may run on any thread and in any process. Callers do the reading and writing.
"""
