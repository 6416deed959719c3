"""How long a test waits for what has to happen.

A deadline here tells a hang from a slow machine, and nothing else: what works comes long before it, also under a load of
ten beside the tests. Where a duration is what a test is about, it is held against something measured beside it, or
against the work done (steps, bytes, CPU time), never against seconds alone.
"""

HANG_S = 300.0  # the time limit of a whole test (pyproject.toml) is longer than several of these
COMPILE_HANG_S = 3600.0
"""Of a compiler, which waits for nothing and takes as long as the machine needs: five minutes of a quiet one, thirty at a load of 30."""
