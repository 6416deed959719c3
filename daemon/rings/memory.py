"""What the Ring of one loaded plugin remembers: the newest part of its History."""

import time

from bridge.errors import BridgeError
from bridge.shm import RingFile, Span
from bridge.system import awake_ns
from daemon.core.capture import History
from daemon.core.heard import Tie
from daemon.core.reach import There
from daemon.errors import NothingKept, why_of
from daemon.rings.instances import Instance
from plugin_protocol.errors import RemoteProtocolError


class Memory:
    """[worker] All methods raise NothingKept when the Ring cannot be read."""

    def __init__(self, instance: Instance, ring: RingFile) -> None:
        """ring: of `instance`, which may be given another one meanwhile."""
        self._instance = instance
        self._ring = ring
        self.sample_rate_hz = ring.header.sample_rate_hz
        self.channels = ring.header.channels

    def history(self) -> History:
        """All of it; of what the transport did before, what is in force where it begins."""
        try:
            with self._instance.lock:
                records = self._ring.records(since_frame=self._ring.readable().start)
                there = self._ring.readable()
        except (RemoteProtocolError, BridgeError, OSError) as error:
            raise _unreadable(error) from error
        return History(
            records=records,
            oldest_frame=there.start,
            commit_frame=there.stop,
            sample_rate_hz=self.sample_rate_hz,
        )

    def span(self) -> There:
        """Which frames it holds."""
        try:
            with self._instance.lock:
                there = self._ring.readable()
        except (RemoteProtocolError, BridgeError, OSError) as error:
            raise _unreadable(error) from error
        return There(there.start, there.stop)

    def now(self) -> Tie:
        """When its last frame was heard: a while ago when the host stands."""
        try:
            with self._instance.lock:
                end_frame, last_ns = self._ring.readable().stop, self._ring.counters().last_block_ns
        except (RemoteProtocolError, BridgeError, OSError) as error:
            raise _unreadable(error) from error
        stood_us = max(awake_ns() - last_ns, 0) // 1000 if last_ns else 0
        return Tie(end_frame, time.time_ns() // 1000 - stood_us)

    def read(self, first_frame: int, frames: int) -> Span:
        """As RingFile.read."""
        try:
            with self._instance.lock:
                return self._ring.read(first_frame, frames)
        except (RemoteProtocolError, BridgeError, OSError) as error:
            raise _unreadable(error) from error


def _unreadable(error: Exception) -> NothingKept:
    return NothingKept(f"The plugin's memory cannot be read: {why_of(error)}.", "Reload the plugin.")
