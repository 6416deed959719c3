"""The History of one Instance, read: memory (its Ring) and disk (its journal) as one timeline, as far back as they go.

The shell of daemon.core.reach. Nothing here waits for the journal's thread: files are read while they are written,
rotated, compressed or given up, and what changed under a read is looked up again.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from bridge.shm import Span
from daemon.core import reach
from daemon.core.capture import History
from daemon.core.heard import Tie, ties
from daemon.core.journal import ANY_FRAME, Damaged, Head, Origin
from daemon.core.reach import There
from daemon.core.sounding import after_last_sample
from daemon.errors import NothingKept
from daemon.rings.instances import Instance
from daemon.rings.journal_files import Segment, read_frames, read_timeline
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.memory import Memory
from plugin_protocol.layout import SAMPLE_BYTES, Record

TRIES = 3
BEHIND_S = 5.0  # of records: what a transport did right after a frame


class Sound(NamedTuple):
    """Interleaved float32 from `first_frame` on, which may lie behind the one asked for: see Reach.read."""

    first_frame: int
    parts: Iterable[bytes | memoryview]


class Gone(NamedTuple):
    """An Instance that is not loaded any more, by its name."""

    name: str


Player = Instance | Gone


class Reach:
    """One Ring, or what was journaled of one, as one timeline. For one request; holds nothing open. [worker]"""

    def __init__(self, journal: JournalFolder, folder: Path, memory: Memory | None) -> None:
        """memory: None when all there is of it lies in `folder`. Raises NothingKept then, if nothing does."""
        self._journal = journal
        self._folder = folder
        self._memory = memory
        self._segments: list[Segment] = []
        if memory:
            self.sample_rate_hz, self.channels = memory.sample_rate_hz, memory.channels
        else:
            self.look()
            if not self.heads:
                raise NothingKept("Nothing is left of it.", "`sidechain history` shows what there is.")
            origin = self._segments[-1].origin
            self.sample_rate_hz, self.channels = origin.sample_rate_hz, origin.channels

    @property
    def frame_bytes(self) -> int:
        return self.channels * SAMPLE_BYTES

    @property
    def ring(self) -> str:
        """Its name in the journal."""
        return self._folder.name

    @property
    def origin(self) -> Origin | None:
        """Who played it, when that Ring is gone."""
        return None if self._memory else self._segments[-1].origin

    @property
    def process(self) -> tuple[str, str] | None:
        """Whose plugin it is of (Origin.host), by the last look; None when nothing of it is on the disk."""
        return self._segments[-1].origin.host if self._segments else None

    @property
    def segments(self) -> list[Segment]:
        """The files of the last look, oldest first."""
        return list(self._segments)

    @property
    def heads(self) -> list[Head]:
        """Of what was found on the disk, in the order of its files."""
        return [chunk.head for segment in self._segments for chunk in segment.chunks]

    def look(self) -> None:
        """Look at the files anew. A disk that cannot be read has none."""
        try:
            self._segments = self._journal.segments(self._folder)
        except OSError:
            self._segments = []

    def ties(self) -> list[Tie]:
        """When its frames were heard, by the last look. Raises NothingKept."""
        return ties(self.heads, self._memory.now() if self._memory else None)

    def memory_span(self) -> There:
        """Which frames memory holds. Raises NothingKept."""
        if self._memory:
            return self._memory.span()
        end_frame = max(head.end_frame for head in self.heads)
        return There(end_frame, end_frame)

    def remembers(self, at_us: int) -> bool:
        """Whether memory alone goes back to that time, and perhaps beyond. Raises NothingKept."""
        if not self._memory:
            return False
        now, span = self._memory.now(), self._memory.span()
        return now.wall_us - (span.end_frame - span.first_frame) * 1e6 / self.sample_rate_hz <= at_us

    def memory(self) -> History:
        """What the Ring alone remembers; nothing when it is gone. Raises NothingKept."""
        if self._memory:
            return self._memory.history()
        end_frame = max(head.end_frame for head in self.heads)
        return History(
            records=[], oldest_frame=end_frame, commit_frame=end_frame, sample_rate_hz=self.sample_rate_hz
        )

    def back(self, at_frame: int | None, seconds: float) -> History:
        """What memory and disk hold of the `seconds` up to `at_frame` (None: now), and a moment behind it.

        A disk that cannot be read adds nothing. Raises NothingKept.
        """
        memory = self.memory()
        at_frame = memory.commit_frame if at_frame is None else at_frame
        oldest_frame = max(at_frame - int(seconds * self.sample_rate_hz), 0)
        end_frame = at_frame + int(BEHIND_S * self.sample_rate_hz)
        try:
            disk, records = self._disk(oldest_frame, end_frame)
        except (Damaged, OSError):
            self._segments, disk, records = [], [], []
        there, newer = There(memory.oldest_frame, memory.commit_frame), memory.records
        if disk and end_frame <= memory.oldest_frame:
            there, newer = There(disk[-1].end_frame, disk[-1].end_frame), []  # all of it was played before
        return reach.history(disk, records, there, newer, self.sample_rate_hz)

    @property
    def oldest_frame(self) -> int:
        """The first frame on the disk, by the last look; without a journal none is as old."""
        return min((head.first_frame for head in self.heads), default=ANY_FRAME)

    def _disk(self, oldest_frame: int, end_frame: int) -> tuple[list[There], list[Record]]:
        for left in reversed(range(TRIES)):
            self._segments = self._journal.segments(self._folder)
            spans = ((max(h.first_frame, oldest_frame), min(h.end_frame, end_frame)) for h in self.heads)
            there = reach.merged(spans)
            if not there:
                return [], []
            try:
                return there, read_timeline(self._segments, oldest_frame, there[-1].end_frame)
            except (Damaged, FileNotFoundError):  # a file was given up, or written anew, since we looked
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def read(self, first_frame: int, frames: int) -> Sound:
        """The sound of frames that `all` or `memory` has named: what memory still holds is copied now, the rest is read
        from the disk when its turn comes, and raises Damaged, OSError then.

        It starts later than asked when the host has overwritten the beginning meanwhile and the disk has not got it.
        Raises NothingKept.
        """
        end_frame = first_frame + frames
        span = self.copied(first_frame, frames)
        seam_frame = span.first_frame if span.frames else end_frame
        if seam_frame <= first_frame:
            return Sound(first_frame, [span.data])
        there = reach.merged((head.first_frame, head.end_frame) for head in self.heads)
        if not any(one.first_frame <= first_frame and seam_frame <= one.end_frame for one in there):
            self._segments = self._journal.segments(self._folder)
            there = reach.merged((head.first_frame, head.end_frame) for head in self.heads)
        start_frame = next(
            (
                max(one.first_frame, first_frame)
                for one in there
                if one.first_frame < seam_frame <= one.end_frame
            ),
            seam_frame,
        )
        return Sound(start_frame, self._parts(start_frame, seam_frame, span.data))

    def sounds(self, first_frame: int, frames: int) -> bool:
        """Whether anything but digital silence is in these frames. Raises NothingKept."""
        end_frame = first_frame + frames
        if any(not h.silent and h.first_frame < end_frame and h.end_frame > first_frame for h in self.heads):
            return True
        return self._last_in_memory(first_frame, end_frame) is not None

    def last_sound(self, before_frame: int) -> int | None:
        """Where the last sound before that frame ended (on the disk, to a chunk); None: there is none in reach of the
        last look. Raises NothingKept."""
        ends = (
            min(h.end_frame, before_frame)
            for h in self.heads
            if not h.silent and h.first_frame < before_frame
        )
        on_disk = max(ends, default=None)
        in_memory = self._last_in_memory(on_disk or 0, before_frame)
        return on_disk if in_memory is None else in_memory

    def _last_in_memory(self, floor_frame: int, end_frame: int) -> int | None:
        step = int(self.sample_rate_hz)
        while end_frame > floor_frame:
            first_frame = max(end_frame - step, floor_frame)
            span = self.copied(first_frame, end_frame - first_frame)
            if not span.frames:
                return None
            if samples := after_last_sample(span.data):
                return span.first_frame + -(-samples // self.channels)
            end_frame = span.first_frame
        return None

    def copied(self, first_frame: int, frames: int) -> Span:
        """Of these frames what memory holds. Raises NothingKept."""
        if self._memory:
            return self._memory.read(first_frame, frames)
        return Span(first_frame=first_frame + frames, frames=0, data=memoryview(b""))

    def _parts(self, first_frame: int, seam_frame: int, memory: memoryview) -> Iterator[bytes | memoryview]:
        yield from steady_frames(self._journal, self._folder, self._segments, first_frame, seam_frame)
        yield memory


def reach_of(journal: JournalFolder, instance: Instance, generation: int | None) -> Reach:
    """Of a loaded plugin, its newest Ring or the one of that generation; or one that is gone, its own or of another, as far as
    its journal goes. Raises NothingKept. [worker]"""
    try:
        with instance.lock:
            ring = instance.ring_of(generation)
    except NothingKept:
        folder = journal.of_generation(generation) if generation else None
        if folder is None:
            raise
        return Reach(journal, folder, None)
    return Reach(journal, journal.of(ring), Memory(instance, ring))


def steady_frames(
    journal: JournalFolder, folder: Path, segments: list[Segment], first_frame: int, end_frame: int
) -> Iterator[bytes | memoryview]:
    """As read_frames; where a file has changed since it was looked at, it is looked at again. Raises Damaged, OSError.
    [worker]"""
    at, tries = first_frame, TRIES
    while at < end_frame:
        try:
            for part in read_frames(segments, at, end_frame):
                at += len(part) // segments[0].origin.frame_bytes
                yield part
        except (Damaged, FileNotFoundError):
            tries -= 1
            if not tries:
                raise
            segments = journal.segments(folder)


def sliced(
    parts: Iterable[bytes | memoryview], skip_bytes: int, size_bytes: int
) -> Iterator[bytes | memoryview]:
    """`size_bytes` of them, behind the first `skip_bytes`. [any]"""
    for part in parts:
        piece = part[skip_bytes : skip_bytes + size_bytes]
        skip_bytes -= min(skip_bytes, len(part))
        size_bytes -= len(piece)
        if piece:
            yield piece
