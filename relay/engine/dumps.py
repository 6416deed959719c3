"""A process that holds keys leaves no copy of its memory behind: no core file, and nobody of the same user reads it."""

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def forbid_dumps() -> None:
    """For this process, until it ends (prctl(2), core(5)). Its children are asked anew. [main thread, at the start]

    Where the kernel has no such switch, only core files are forbidden.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
