"""Work on strangers' bytes in a fork of this process, in the sandbox: whatever they are, what comes back are bytes.

For commands, which do one thing and end: a fork has all imports at once, where a new process would need half a second.
Only of a process without threads of its own that could hold a lock. Linux; elsewhere a fork with limits only.
"""

import sys

assert sys.platform != "win32"

import mmap
import os
import signal
import tempfile
from collections.abc import Callable
from typing import BinaryIO

from sandbox.limits import Limits
from sandbox.output import silence_libraries
from sandbox.process import enter


class Died(Exception):
    """The fork did not come to its end: it needed too much, or crashed. signal: that ended it, None if none did."""

    def __init__(self, ended_by: int | None) -> None:
        super().__init__(ended_by)
        self.signal = ended_by

    @property
    def took_too_long(self) -> bool:
        """Whether it used up its processor time."""
        return self.signal == signal.SIGXCPU

    def __str__(self) -> str:
        return f"it was ended by signal {self.signal}" if self.signal else "it failed"


def run_forked(work: Callable[[BinaryIO], None], limits: Limits) -> mmap.mmap:
    """Run `work` in a fork that can open nothing; what it wrote, private to us and writable. Raises Died, OSError.

    Files that it needs must be open, and modules imported, before.
    """
    with tempfile.TemporaryFile() as out:
        child = os.fork()
        if child == 0:
            os._exit(_confined(work, limits, out))
        _, status = os.waitpid(child, 0)
        if status != 0:
            raise Died(os.WTERMSIG(status) if os.WIFSIGNALED(status) else None)
        return mmap.mmap(out.fileno(), 0, access=mmap.ACCESS_COPY)


def _confined(work: Callable[[BinaryIO], None], limits: Limits, out: BinaryIO) -> int:
    """In the fork. The exit code; nothing may be raised through the fork of a whole program."""
    try:
        silence_libraries()
        enter(limits=limits)
        work(out)
        out.flush()
    except BaseException:
        return 1
    return 0
