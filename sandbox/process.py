"""A sandbox that a process enters, for good, before it decodes strangers' bytes. All of it on Linux; elsewhere
the limits.

Four parts, each put up on its own, so that a kernel without one still gets the others:

    limits       memory, CPU, size of a file, no core dump (setrlimit(2), a job object)
    privileges   nothing it could run would gain any (prctl(2), PR_SET_NO_NEW_PRIVS)
    calls        no socket, program, process, signal, trace, key, mount: EPERM (seccomp(2), a classic BPF filter)
    files        nothing but the folders named, no TCP, no abstract socket, no signal out (landlock(7))

Not here: who enters it, and what for. `python -m sandbox.process` enters it and prints the parts in force.
"""

import ctypes
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

from sandbox.limits import ONE_JOB, Limits

if sys.platform == "linux":
    from sandbox.calls_linux import refuse_calls
    from sandbox.files_linux import restrict_files
if sys.platform == "win32":
    from sandbox.limits_windows import limit
    from sandbox.limits_windows import limit_memory as limit_memory
else:
    from sandbox.limits_posix import limit
    from sandbox.limits_posix import limit_memory as limit_memory

_PR_SET_NO_NEW_PRIVS = 38


class Part(StrEnum):
    """A part of the sandbox."""

    LIMITS = "limits"
    PRIVILEGES = "privileges"
    CALLS = "calls"
    FILES = "files"


def _none() -> None:
    pass


def enter(
    writable: Sequence[Path] = (),
    readable: Sequence[Path] = (),
    limits: Limits = ONE_JOB,
    start_threads: Callable[[], None] = _none,
) -> list[Part]:
    """Confine this process, for good; the parts that are in force from now on. [main thread, no other]

    writable: folders whose files it may read, write, make and remove; readable: folders whose files it may read.
    start_threads: the last moment to do so: they are confined with this one, and none can be started after.
    Whatever else is needed later must be imported and open by now.
    """
    in_force = [Part.LIMITS]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        # Without it the kernel takes neither of the others. What is in force of a thread holds for those that it starts.
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
            in_force.append(Part.PRIVILEGES)
            if restrict_files(libc, writable, readable):
                in_force.append(Part.FILES)
    start_threads()
    limit(limits)  # from here on there can be no other thread
    if sys.platform == "linux" and Part.PRIVILEGES in in_force and refuse_calls(libc):
        in_force.append(Part.CALLS)
    return in_force


if __name__ == "__main__":
    print(*enter([Path.cwd()]))
