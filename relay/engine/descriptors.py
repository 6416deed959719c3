"""How many files and connections this process may have open."""

import resource

RESERVED = 256
"""Files, database connections and children go on when connections have taken all the rest."""


def allow_many() -> int:
    """Raise the limit as far as we may (it is 1,024 by default on many systems); how many may be connections. [any]"""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(RESERVED // 2, hard - RESERVED)
