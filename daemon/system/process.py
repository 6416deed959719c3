"""This process as whoever started it sees it: when it is ready, and that its loop still turns (sd_notify(3))."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, MutableMapping, Sequence
from typing import NoReturn

from bridge.system import kept_descriptor, local_datagrams
from daemon.system.log import LOG_FILE_ENV

MANAGER = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", LOG_FILE_ENV)
log = logging.getLogger(__name__)


class Starter:
    """Who started this process, as far as it wants to know: systemd, or `sidechain up --detach`."""

    def __init__(self, env: MutableMapping[str, str] = os.environ) -> None:
        """Takes its variables out of `env`: no child of ours is to speak for us."""
        self._told = {name: env[name] for name in MANAGER if name in env}
        self._ready_fd = env.pop("SIDECHAIN_READY_FD", None)
        self._address = env.pop("NOTIFY_SOCKET", "")
        patience_us = env.pop("WATCHDOG_USEC", "")
        for_us = env.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._patience_s = int(patience_us) / 1e6 if for_us and patience_us.isdecimal() else 0.0

    def say_ready(self) -> None:
        """A byte on $SIDECHAIN_READY_FD, READY=1 to $NOTIFY_SOCKET. Once; a second call says it to systemd only. [any]"""
        fd, self._ready_fd = self._ready_fd, None
        if fd:
            with (
                contextlib.suppress(OSError, ValueError),
                open(kept_descriptor(fd), "wb", buffering=0) as ready,
            ):
                ready.write(b"1")
        self._say(b"READY=1")

    async def say_alive(self) -> None:
        """WATCHDOG=1 at half of the time in which it is waited for; returns at once where nobody waits. [loop]"""
        while self._patience_s:
            self._say(b"WATCHDOG=1")
            await asyncio.sleep(self._patience_s / 2)

    def start_over(self, command: Sequence[str]) -> NoReturn:
        """Become `command`: the same process for whoever started it, with the program that lies there now. [main thread]"""
        env = os.environ | self._told
        if getattr(sys, "frozen", False):  # else a packaged build takes itself for a part of the one before
            env["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
        os.execve(command[0], list(command), env)

    def _say(self, word: bytes) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with local_datagrams() as notify:
                notify.setblocking(False)
                notify.sendto(word, address)
        except OSError as error:  # of a manager that is gone, or was never ours: we run all the same
            log.warning("$NOTIFY_SOCKET (%s) takes no word: %s", self._address, error.strerror)


def on_signals(stop: Callable[[], None], replace: Callable[[], None]) -> None:
    """What to do when somebody wants this process to end, or (Unix only) to make room for another version. [loop]"""
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        for number in (signal.SIGINT, signal.SIGBREAK):  # Ctrl-C, and what ends a group of processes
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
    else:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        loop.add_signal_handler(signal.SIGUSR1, replace)


def pause_collector() -> None:
    """Until the start is done: nearly all that it makes stays, and looking through it again and again took a sixth of it."""
    gc.disable()


def keep_start_uncollected() -> None:
    """What the start made stays for good: the collector, which halts all threads for 50 ms to look through it, passes it by."""
    gc.freeze()
    gc.enable()
