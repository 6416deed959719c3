"""The rounds of the journal: what each Ring has got since the last look is appended to its files and synced.

One round at a time, on the journal's thread. A plugin's Ring ends in one of three ways: its host goes down (its lock
is free), it is retired (replaced, resting or being closed), or the daemon lets go of it.
"""

import contextlib
import errno
import logging
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from bridge.errors import BridgeError
from bridge.shm import RingFile
from daemon.core.journal import Origin
from daemon.errors import SidechainError
from daemon.features.history.holdings import Holdings, NoRoom
from daemon.features.history.journal_writer import RingFollower
from daemon.rings.instances import Instance
from daemon.rings.journal_files import CLOSED, SUFFIX, Mark, read_mark, read_ring
from daemon.system.files import make_folder
from plugin_protocol.errors import RemoteProtocolError
from plugin_protocol.layout import RingState
from plugin_protocol.ring import MAX_INDEX

log = logging.getLogger(__name__)

MAX_JOURNALED = 256  # Rings; the ones that came first
RETRY_S = 30.0  # after the disk refused
GIVE_UP_BYTES = 32 * 1024 * 1024  # of the oldest, when a write met a full disk
NO_KEEPING = "New takes are not kept either, until some space is freed."


class Rounds:
    """[the journal's thread]; `trouble`, `followed` and `is_due` are for [any]."""

    def __init__(self, holdings: Holdings, life: str) -> None:
        """life: which start of the machine and run folder this is, as in Origin.boot_id."""
        self._holdings = holdings
        self._life = life
        self._writers: dict[str, RingFollower] = {}  # by the Ring's name
        # Rings whose hosts have ended; the daemon may hold them open for a while
        self._done: set[str] = set()
        self._retired: set[str] = set()  # of those, the ones whose plugins may still be there
        self._synced: dict[str, int] = {}  # frames of Rings whose last file failed
        self._quiet_until = 0.0
        self.trouble = ""

    @property
    def followed(self) -> set[str]:
        """Names of the Rings that are written down."""
        return set(self._writers)

    @property
    def is_due(self) -> bool:
        return time.monotonic() >= self._quiet_until

    def look(self, instances: Sequence[Instance]) -> None:
        """One round: append what came since, sync, keep the limits."""
        rings = {i.ring.segment: (i, i.ring) for i in instances if i.ring}
        for name in self._writers.keys() - rings.keys():
            self._let_go(name)  # replaced by a newer Ring, or forgotten by the daemon
        self._done &= rings.keys()
        self._retired &= rings.keys()
        try:
            for name, (instance, ring) in rings.items():
                self._follow(name, instance, ring)
            for writer in self._writers.values():
                writer.sync()
            for name in [n for n in self._retired if n in rings and rings[n][0].gone_at]:
                # it fell silent while it rested: the lock of its Ring tells nothing
                self._retired.discard(name)
                self._end_all(rings[name][0].name)
            trouble = ""
        except (OSError, SidechainError) as error:
            trouble = self._refused(error)
        if trouble != self.trouble:
            self.trouble = trouble
            log.warning("journal: %s", trouble or "it goes on")

    def closed(self, instance: str) -> None:
        """The plugin of this name was closed in peace: what it played stays for a day, or goes now."""
        for name, writer in list(self._writers.items()):
            if writer.origin.instance == instance:
                self._finish(writer)
                self._let_go(name)
        ended = Mark(why=CLOSED, ended_us=time.time_ns() // 1000)
        try:
            for folder in self._holdings.folder.glob(f"{instance}-*"):
                if self._holdings.config.history_keep_hours > 0:
                    self._holdings.end(folder, read_mark(folder) or ended)
                else:
                    self._holdings.forget(folder)
        except (OSError, SidechainError) as error:
            log.warning("journal of %s could not be closed: %s", instance, error)

    def salvage(self, folder: Path, ring: RingFile, host_name: str, track_name: str) -> None:
        """Take over what the Ring of an ended host holds beyond the disk."""
        try:
            writer = self._writer(folder, ring, host_name, track_name)
            try:
                self._finish(writer)
            finally:
                writer.close()
        except (OSError, SidechainError, BridgeError, RemoteProtocolError) as error:
            log.warning("journal %s: %s", folder.name, error)

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()

    def folder_of(self, ring: RingFile) -> Path:
        return self._holdings.folder / name_of(ring)

    def _follow(self, name: str, instance: Instance, ring: RingFile) -> None:
        try:
            writer = self._writers.get(name)
            if writer is None:
                folder = self.folder_of(ring)
                if name in self._done or len(self._writers) >= MAX_JOURNALED or read_mark(folder):
                    return
                hello = instance.peer.hello
                writer = self._writers[name] = self._writer(
                    folder, ring, hello.host_name, instance.track_name
                )
            alive = ring.writer_alive()  # asked first: what a dead one wrote is all there
            self._advance(writer, to_the_end=not alive)
            if alive:
                return
            writer.sync()
            self._let_go(name)
            if ring.state() is RingState.RETIRED:  # its plugin makes a new one, rests, or is being closed
                self._retired.add(name)
            else:
                self._end_all(writer.origin.instance)
            self._done.add(name)
        except (BridgeError, RemoteProtocolError) as error:
            log.info("journal of %s ends: %s", name, error)
            self._let_go(name)

    def _writer(self, folder: Path, ring: RingFile, host_name: str, track_name: str) -> RingFollower:
        """A new one, that goes on where the newest file on the disk ends."""
        make_folder(folder)
        numbers = [int(p.stem) for p in folder.glob(f"*{SUFFIX}") if p.stem.isdecimal()]
        ends = [s.chunks[-1].head.end_frame for s in read_ring(folder, verify=False) if s.chunks]
        next_frame = min(max(ends, default=0), self._synced.get(ring.segment, MAX_INDEX))
        header = ring.header
        origin = Origin(
            instance=header.instance_id.hex(),
            generation=header.generation,
            number=max(numbers, default=0) + 1,
            sample_rate_hz=header.sample_rate_hz,
            channels=header.channels,
            host_name=host_name,
            track_name=track_name,
            boot_id=self._life,
            process=f"{header.writer_pid} {header.writer_start}",
        )
        return RingFollower(folder, ring, origin, next_frame)

    def _advance(self, writer: RingFollower, *, to_the_end: bool = False) -> None:
        share = self._holdings.config.history_bytes // (4 * max(1, len(self._writers)))
        done = writer.advance(self._holdings.room, share, to_the_end=to_the_end)
        for file in done:
            self._holdings.note(file, is_open=False)
        if writer.file:
            self._holdings.note(writer.file, is_open=True)
        self._holdings.settled()
        if done:
            self._holdings.trim()

    def _finish(self, writer: RingFollower) -> None:
        """What the Ring holds beyond the disk, if it can still be read."""
        try:
            self._advance(writer, to_the_end=True)
            writer.sync()
        except (OSError, SidechainError, BridgeError, RemoteProtocolError) as error:
            log.info("the end of journal %s is missing: %s", writer.folder.name, error)

    def _let_go(self, name: str) -> None:
        if writer := self._writers.pop(name, None):
            writer.close()
            self._holdings.load(writer.folder, None)

    def _end_all(self, instance: str) -> None:
        """Its host is gone: also what an earlier Ring of it held is offered."""
        ended = Mark(why="host", ended_us=time.time_ns() // 1000)
        for folder in self._holdings.folder.glob(f"{instance}-*"):
            self._holdings.end(folder, read_mark(folder) or ended)

    def _refused(self, error: OSError | SidechainError) -> str:
        """The disk takes no more: what is not known to be on it is written again, elsewhere and later."""
        self._holdings.settled()
        for name in list(self._writers):
            self._synced[name] = self._writers[name].synced_frame
            self._let_go(name)
        is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if not (is_full and self._holdings.give_up(GIVE_UP_BYTES)):
            self._quiet_until = time.monotonic() + RETRY_S
        return f"The last minutes are not kept on disk now: {_why(error)} {self._of_keeping(error)}"

    def _of_keeping(self, error: OSError | SidechainError) -> str:
        """Whether takes are kept meanwhile: they need less room than the journal, but they need some."""
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return NO_KEEPING
        with contextlib.suppress(OSError):
            if shutil.disk_usage(self._holdings.config.data).free < self._holdings.config.min_free_bytes:
                return NO_KEEPING
        return "Keeping takes works as ever."


def _why(error: OSError | SidechainError) -> str:
    if isinstance(error, NoRoom | SidechainError):
        return str(error)
    return f"the disk says “{error.strerror}”."


def name_of(ring: RingFile) -> str:
    """Of its folder. [any]"""
    return f"{ring.header.instance_id.hex()}-{ring.header.generation:016x}"
