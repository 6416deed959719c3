"""What the History takes on the disk: which files there are, what goes when a limit is reached, what of it is offered."""

import shutil
import time
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from daemon.config import Config
from daemon.core.journal import Damaged
from daemon.core.retention import Held, to_give_up, to_remove
from daemon.features.history.checking import Checking
from daemon.features.history.recovery import Recovered, recovered_in
from daemon.features.history.repeats import told_once
from daemon.rings.journal_files import (
    CLOSED,
    SUFFIX,
    Mark,
    Segment,
    SegmentFile,
    read_mark,
    write_mark,
)
from daemon.rings.journal_folder import JournalFolder
from daemon.system.files import remove_folder

HEADROOM_BYTES = 256 * 1024 * 1024  # free beyond min_free_bytes, or it pauses: a keep must still fit
MAX_OFFERED = 1_024  # stretches: as many plugins may be closed at once; the newest
HOUR_US = 3600 * 1_000_000


class NoRoom(OSError):
    """The budget or the disk leaves no room for more."""


class Holdings:
    """[the journal's thread]; `recovered` and `used_bytes` are replaced whole, and may be read by [any], as may `files`."""

    def __init__(self, config: Config, folder: Path) -> None:
        self.config = config
        self.folder = folder
        self.recovered: tuple[Recovered, ...] = ()
        self._offered: tuple[Recovered, ...] = ()  # of each Ring for itself
        self.files = JournalFolder(folder)
        self._checking = Checking(self.files)
        self.used_bytes = 0
        self._held: dict[
            tuple[str, int], Held
        ] = {}  # changed by _put and _pop only, which count what is in it
        self._seconds: dict[str, float] = {}  # of sound, by Ring
        self._promised = 0  # bytes that may be in files by now and are not in `_held` yet
        self._reserved = 0  # bytes of the file that is being packed

    # limits ---------------------------------------------------------------------------------------------------

    def room(self, size_bytes: int, fresh: bool) -> None:
        """Before so many bytes are written, and whether they begin a file. Raises NoRoom."""
        if fresh:
            needed = self.config.min_free_bytes + HEADROOM_BYTES
            if (short := needed - shutil.disk_usage(self.folder).free) > 0 and self.give_up(short):
                short = needed - shutil.disk_usage(self.folder).free
            if short > 0:
                raise NoRoom(f"only {(needed - short) // 1_000_000} MB are free.")
        self._promised += size_bytes
        self._within_budget()

    def reserve(self, size_bytes: int) -> None:
        """For a file that is made beside the one it will replace; 0 when that is over. Raises NoRoom."""
        self._reserved = size_bytes
        if size_bytes:
            free = shutil.disk_usage(self.folder).free
            if free < self.config.min_free_bytes + size_bytes:
                raise NoRoom(f"only {free // 1_000_000} MB are free.")
            self._within_budget()

    def _within_budget(self) -> None:
        budget_bytes = self.config.history_bytes
        if self.used_bytes + self._taken > budget_bytes:
            self.trim()
            if self.used_bytes + self._taken > budget_bytes:
                raise NoRoom(f"its {budget_bytes // 1_000_000} MB are used up.")

    @property
    def _taken(self) -> int:
        return self._promised + self._reserved

    def settled(self) -> None:
        """What room was made for has been noted, or was not written."""
        self._promised = 0

    def trim(self) -> None:
        """Remove what is beyond the limits, the oldest first."""
        gone = to_remove(
            self._held.values(),
            keep_s=self.config.history_minutes * 60.0,
            keep_closed_us=round(self.config.history_keep_hours * HOUR_US),
            budget_bytes=self.config.history_bytes - self._taken,
            now_us=time.time_ns() // 1000,
        )
        self._remove(gone)

    def give_up(self, size_bytes: int) -> bool:
        """The disk is full: the oldest go for the newest. Whether anything did."""
        gone = to_give_up(self._held.values(), size_bytes)
        self._remove(gone)
        return bool(gone)

    def _remove(self, gone: list[Held]) -> None:
        for one in gone:
            path = self.folder / one.ring / f"{one.number:08d}{SUFFIX}"
            path.unlink(missing_ok=True)
            self.files.forget(path)
            self._pop(one.ring, one.number)
        left = {ring for ring, _ in self._held}
        for ring in {one.ring for one in gone if one.ended}:
            if ring in left:
                self.offer(self.folder / ring)
            else:
                self.forget(self.folder / ring)

    # what there is --------------------------------------------------------------------------------------------

    def note(self, file: SegmentFile, *, is_open: bool) -> None:
        """A file of a running Instance has grown."""
        held = Held(
            ring=file.path.parent.name,
            number=file.origin.number,
            instance=file.origin.instance,
            size_bytes=file.size_bytes,
            seconds=file.sounding_frames / file.origin.sample_rate_hz,
            wall_us=file.wall_us,
            ended=False,
            open=is_open,
        )
        self._put(held)
        if not is_open:
            self._look_at(file.path)

    def load(self, folder: Path, mark: Mark | None) -> None:
        """Take the files of one Ring as they lie there; mark: how its host ended, None while it runs."""
        self._drop(folder)
        for segment in self.files.segments(folder):
            self._put(_held(folder, segment, mark))

    def sounding_s(self, ring: str) -> float:
        """How much sound there is of a Ring. [any]"""
        return self._seconds.get(ring, 0.0)

    def all(self) -> list[Held]:
        """Every file. [any]"""
        return list(self._held.values())

    def is_held(self, one: Held) -> bool:
        """Whether a file is still there as it was."""
        known = self._held.get((one.ring, one.number))
        return known is not None and known.size_bytes == one.size_bytes and not known.open

    def packed(self, one: Held, size_bytes: int) -> None:
        """A file was replaced by what it was packed to."""
        known = self._held[one.ring, one.number]
        self._put(replace(known, size_bytes=size_bytes, packed=True))
        self._look_at(self.folder / one.ring / f"{one.number:08d}{SUFFIX}")

    def _look_at(self, path: Path) -> None:
        """The heads of a file that is finished, now: when its plugin is closed, those of hours are not read at once."""
        with suppress(Damaged, OSError):
            self.files.segment(path)

    def end(self, folder: Path, mark: Mark) -> None:
        """The host of this Ring is gone: what it left is marked, and offered."""
        write_mark(folder, mark)
        self.reread(folder)

    def reread(self, folder: Path) -> None:
        """After somebody kept or discarded of it."""
        self.load(folder, read_mark(folder) or Mark(why="host"))
        self.offer(folder)

    def forget(self, folder: Path) -> None:
        """Remove all that is held of a Ring."""
        remove_folder(folder)
        self.files.forget(folder)
        self._drop(folder)
        self._checking.forget(folder)
        self.offer(folder)

    def offer(self, folder: Path) -> None:
        """Look again at what a Ring's journal has to offer: told at once, and checked by `check`."""
        others = tuple(one for one in self._offered if one.folder != folder)
        before = [one for one in self._offered if one.folder == folder]
        found = recovered_in(folder, self._checking.segments(folder), before=before)
        if found:
            self._checking.begin(folder)
        newest = sorted((*others, *found), key=lambda one: one.stretch.sounded_us)[-MAX_OFFERED:]
        self._offered = tuple(newest)
        self.recovered = told_once(self._offered)

    @property
    def is_check_due(self) -> bool:
        """Whether something is offered that has not been checked. [any]"""
        return self._checking.is_due

    def check(self) -> None:
        """Read a part of what is offered, byte by byte; what turns out to be damaged is offered no more."""
        for folder in self._checking.some():
            self.offer(folder)

    def _drop(self, folder: Path) -> None:
        for ring, number in [key for key in self._held if key[0] == folder.name]:
            self._pop(ring, number)
        self._seconds.pop(folder.name, None)

    def _put(self, one: Held) -> None:
        known = self._held.get((one.ring, one.number))
        self.used_bytes += one.size_bytes - (known.size_bytes if known else 0)
        added_s = one.seconds - (known.seconds if known else 0.0)
        self._seconds[one.ring] = self._seconds.get(one.ring, 0.0) + added_s
        self._held[one.ring, one.number] = one

    def _pop(self, ring: str, number: int) -> None:
        gone = self._held.pop((ring, number))
        self.used_bytes -= gone.size_bytes
        self._seconds[ring] = max(self._seconds[ring] - gone.seconds, 0.0)


def _held(folder: Path, segment: Segment, mark: Mark | None) -> Held:
    sounding = sum(chunk.head.frames for chunk in segment.chunks if not chunk.head.silent)
    return Held(
        ring=folder.name,
        number=segment.origin.number,
        instance=segment.origin.instance,
        size_bytes=segment.size_bytes,
        seconds=sounding / segment.origin.sample_rate_hz,
        wall_us=segment.chunks[-1].head.wall_us if segment.chunks else 0,
        ended=mark is not None,
        packed=segment.origin.packed,
        closed_us=mark.ended_us if mark and mark.why == CLOSED else None,
    )
