"""Pictures of the History: lowest and highest sample of each column, at any zoom, without reading all of it each time.

A file of the journal is read once for all pictures: what is remembered of it is the extremes of each STEP frames. One
picture reads at most MAX_READ_S of sound; what is further is drawn by the loudest sample that each chunk names itself,
and finer when it is asked for again.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from daemon.core.journal import Damaged
from daemon.core.reach import There
from daemon.rings.instances import Instance
from daemon.rings.journal_files import Chunk, Segment, read_sound
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.reach import Reach, reach_of

if TYPE_CHECKING:
    from daemon.core.picture import Canvas, Extremes  # and numpy with it, only when something is drawn

MAX_READ_S = 90.0  # in one picture: a tenth of a second of work
MAX_REMEMBERED = 512  # files: 9 MB, two hours of one plugin
PIECE_S = 2.0


class Picture(Struct, frozen=True, kw_only=True):
    """As PeaksAre of the control socket."""

    peaks: bytes
    holes: bytes
    coarse: bool
    oldest_frame: int
    end_frame: int
    sample_rate_hz: float


class Pictures:
    """[any thread]"""

    def __init__(self, journal: JournalFolder) -> None:
        self._journal = journal
        self._known: OrderedDict[tuple[Path, int], Extremes] = OrderedDict()
        self._lock = threading.Lock()

    def of(
        self, instance: Instance, generation: int | None, first_frame: int, end_frame: int, columns: int
    ) -> Picture:
        """Of a loaded plugin. Raises NothingKept. [worker]"""
        from daemon.core.picture import Canvas

        reach = reach_of(self._journal, instance, generation)
        reach.look()
        memory = reach.memory_span()
        canvas = Canvas(first_frame, max(end_frame, first_frame + 1), columns)
        for extremes in _of_memory(
            reach, There(max(first_frame, memory.first_frame), end_frame), canvas.step
        ):
            canvas.draw(extremes)
        coarse = self._draw_disk(reach, There(first_frame, min(end_frame, memory.first_frame)), canvas)
        peaks, holes = canvas.picture()
        return Picture(
            peaks=peaks,
            holes=holes,
            coarse=coarse,
            oldest_frame=min(reach.oldest_frame, memory.first_frame),
            end_frame=memory.end_frame,
            sample_rate_hz=reach.sample_rate_hz,
        )

    def _draw_disk(self, reach: Reach, wanted: There, canvas: "Canvas") -> bool:
        """The newest first; whether some of it is only as fine as its chunks say."""
        from daemon.core.picture import FULL_SCALE

        left_frames = int(MAX_READ_S * reach.sample_rate_hz)
        coarse = False
        for segment in reversed(reach.segments):
            if not segment.chunks or not _overlaps(segment, wanted):
                continue
            known = self._remembered(segment, canvas.step)
            if known is None and left_frames > 0:
                left_frames -= sum(chunk.head.frames for chunk in segment.chunks if not chunk.head.silent)
                known = self._read(segment, canvas.step, wanted)
            for head in (chunk.head for chunk in segment.chunks if chunk.head.silent or not known):
                level = round(min(head.peak, 1.0) * FULL_SCALE)
                canvas.fill(head.first_frame, min(head.end_frame, wanted.end_frame), level)
                coarse = coarse or not head.silent
            if known:
                canvas.draw(known)
        return coarse

    def _remembered(self, segment: Segment, step: int) -> "Extremes | None":
        from daemon.core.picture import STEP

        if step < STEP:
            return None
        with self._lock:
            return self._known.get((segment.path, len(segment.chunks)))

    def _read(self, segment: Segment, step: int, wanted: There) -> "Extremes | None":
        """All of a file for the pictures to come, or as fine as it is wanted what is wanted of it."""
        from daemon.core.picture import STEP, joined

        chunks = [chunk for chunk in segment.chunks if not chunk.head.silent]
        if step < STEP:
            chunks = [
                c
                for c in chunks
                if c.head.first_frame < wanted.end_frame and c.head.end_frame > wanted.first_frame
            ]
        try:
            found = joined([_of_chunk(segment, chunk, step) for chunk in chunks], step)
        except (Damaged, OSError):
            return None  # given up, or written anew, meanwhile
        if step >= STEP:
            with self._lock:
                self._known[segment.path, len(segment.chunks)] = found
                while len(self._known) > MAX_REMEMBERED:
                    self._known.popitem(last=False)
        return found


def _of_memory(reach: Reach, wanted: There, step: int) -> Iterator["Extremes"]:
    from daemon.core.picture import extremes_of

    piece = max(int(PIECE_S * reach.sample_rate_hz) // step, 1) * step
    for first_frame in range(wanted.first_frame, wanted.end_frame, piece):
        span = reach.copied(first_frame, min(piece, wanted.end_frame - first_frame))
        if span.frames:
            yield extremes_of(span.data, span.first_frame, reach.channels, step)


def _of_chunk(segment: Segment, chunk: Chunk, step: int) -> "Extremes":
    from daemon.core.picture import extremes_of

    sound = read_sound(chunk, segment.origin)
    return extremes_of(sound, chunk.head.first_frame, segment.origin.channels, step)


def _overlaps(segment: Segment, wanted: There) -> bool:
    first, last = segment.chunks[0].head, segment.chunks[-1].head
    return first.first_frame < wanted.end_frame and last.end_frame > wanted.first_frame
