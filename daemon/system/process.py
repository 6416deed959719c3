"""This process as whoever started it sees it: when it is ready, and what it may use."""

import os
import resource
import socket


def say_ready() -> None:
    """Tell whoever started us: a byte on $SIDECHAIN_READY_FD, READY=1 to systemd's $NOTIFY_SOCKET (sd_notify(3))."""
    if fd := os.environ.pop("SIDECHAIN_READY_FD", None):
        os.write(int(fd), b"1")
        os.close(int(fd))
    if address := os.environ.pop("NOTIFY_SOCKET", None):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(b"READY=1", "\0" + address[1:] if address.startswith("@") else address)


def allow_many_plugins() -> None:
    """A plugin costs three descriptors, and the soft limit is often 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
