"""How long a test waits for what has to happen.

A deadline here tells a hang from a slow machine, and nothing else: what works comes long before it, also under a load of
ten beside the tests. Where a duration is what a test is about, it is held against something measured beside it, or
against the work done (steps, bytes, CPU time), never against seconds alone.
"""

HANG_S = 300.0  # the time limit of a whole test (pyproject.toml) is longer than several of these
