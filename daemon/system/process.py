"""This process as whoever started it sees it: when it is ready, and what it may use."""

import contextlib
import ctypes
import gc
import logging
import os
import resource
import socket
import sys

_PR_SET_DUMPABLE = 4

log = logging.getLogger(__name__)


def say_ready() -> None:
    """Tell whoever started us: a byte on $SIDECHAIN_READY_FD, READY=1 to systemd's $NOTIFY_SOCKET (sd_notify(3))."""
    if fd := os.environ.pop("SIDECHAIN_READY_FD", None):
        with contextlib.suppress(OSError, ValueError), open(int(fd), "wb", buffering=0) as ready:
            ready.write(b"1")
    if address := os.environ.pop("NOTIFY_SOCKET", None):
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                notify.sendto(b"READY=1", "\0" + address[1:] if address.startswith("@") else address)
        except OSError as error:  # of a manager that is gone, or was never ours: we run all the same
            log.warning("$NOTIFY_SOCKET (%s) takes no word: %s", address, error.strerror)


def keep_start_uncollected() -> None:
    """What the start made stays for good: the collector, which halts all threads for 50 ms to look through it, passes it by."""
    gc.freeze()


def allow_many_plugins() -> None:
    """A plugin costs three descriptors, and the soft limit is often 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def forbid_dumps() -> None:
    """We hold keys: no core file of this process, and no other of the same user reads its memory (prctl(2), core(5)).

    Where the kernel has no such switch, only core files are forbidden. A child asks again, if it holds a key.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
