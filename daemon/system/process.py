"""This process as whoever started it sees it: when it is ready, and that its loop still turns (sd_notify(3))."""

import asyncio
import contextlib
import gc
import logging
import os
import socket
from collections.abc import MutableMapping

log = logging.getLogger(__name__)


class Starter:
    """Who started this process, as far as it wants to know: systemd, or `sidechain up --detach`."""

    def __init__(self, env: MutableMapping[str, str] = os.environ) -> None:
        """Takes its variables out of `env`: no child of ours is to speak for us."""
        self._ready_fd = env.pop("SIDECHAIN_READY_FD", None)
        self._address = env.pop("NOTIFY_SOCKET", "")
        patience_us = env.pop("WATCHDOG_USEC", "")
        for_us = env.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._patience_s = int(patience_us) / 1e6 if for_us and patience_us.isdecimal() else 0.0

    def say_ready(self) -> None:
        """A byte on $SIDECHAIN_READY_FD, READY=1 to $NOTIFY_SOCKET. Once; a second call says it to systemd only. [any]"""
        fd, self._ready_fd = self._ready_fd, None
        if fd:
            with contextlib.suppress(OSError, ValueError), open(int(fd), "wb", buffering=0) as ready:
                ready.write(b"1")
        self._say(b"READY=1")

    async def say_alive(self) -> None:
        """WATCHDOG=1 at half of the time in which it is waited for; returns at once where nobody waits. [loop]"""
        while self._patience_s:
            self._say(b"WATCHDOG=1")
            await asyncio.sleep(self._patience_s / 2)

    def _say(self, word: bytes) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                notify.setblocking(False)
                notify.sendto(word, address)
        except OSError as error:  # of a manager that is gone, or was never ours: we run all the same
            log.warning("$NOTIFY_SOCKET (%s) takes no word: %s", self._address, error.strerror)


def keep_start_uncollected() -> None:
    """What the start made stays for good: the collector, which halts all threads for 50 ms to look through it, passes it by."""
    gc.freeze()
