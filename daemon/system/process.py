"""This process as whoever started it sees it: when it is ready."""

import contextlib
import gc
import logging
import os
import socket

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
