"""What a process may cost, by setrlimit(2). Raising a limit again is not possible from inside."""

import sys

assert sys.platform != "win32"

import resource

from sandbox.limits import Limits


def limit(limits: Limits) -> None:
    """This process, for good. Raises OSError. [main thread, no other is started after]"""
    wanted = [
        (resource.RLIMIT_AS, limits.address_bytes, limits.address_bytes),
        (resource.RLIMIT_FSIZE, limits.output_bytes, limits.output_bytes),
        (resource.RLIMIT_NPROC, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ]
    if limits.cpu_s is not None:  # ends by SIGXCPU, not by a SIGKILL like anybody's
        wanted.append((resource.RLIMIT_CPU, limits.cpu_s, limits.cpu_s + 1))
    for what, soft, hard in wanted:
        resource.setrlimit(what, (soft, hard))


def limit_memory(size_bytes: int) -> None:
    """Of address space: what needs more fails in this process, and nowhere else. macOS does not enforce it. [any]"""
    resource.setrlimit(resource.RLIMIT_AS, (size_bytes, resource.RLIM_INFINITY))
