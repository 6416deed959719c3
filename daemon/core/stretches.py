"""What of a Ring's journal can be offered: stretches of sound without a hole, and whether its host ended by itself.

Pure. A stretch becomes a Take as a Ring does (capture.py): its records and frames are those of the Ring.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from daemon.core.journal import Head

SPLIT_SILENCE_S = 30.0  # so long a silence lies between two things that somebody played
PAD_S = 4.0  # of silence around a stretch: a bar at 60 BPM, whose end may be a rest
MIN_OFFERED_S = 2.0


class RingState(StrEnum):
    """What is found of the Ring a journal belongs to, in the run folder."""

    WRITTEN = "written"  # its host holds its lock
    LEFT = "left"  # nobody does: the host ended without closing it
    RETIRED = "retired"  # closed, and not removed yet
    ABSENT = "absent"


class Fate(StrEnum):
    LIVE = "live"  # goes on
    ENDED = "ended"  # its host or its machine went down: offered
    CLOSED = "closed"  # closed in peace: removed


def fate(ring: RingState, *, marked: bool, same_life: bool) -> Fate:
    """What becomes of a journal that is found at the start. [any]

    marked: it was seen to end before. A Ring that is absent was closed by its plugin, which removes the file, unless
    the machine has been started anew, or the session whose run folder held it has ended: that removes all of them.
    """
    if marked or ring is RingState.LEFT:
        return Fate.ENDED
    if ring is RingState.WRITTEN:
        return Fate.LIVE
    return Fate.CLOSED if ring is RingState.RETIRED or same_life else Fate.ENDED


class Stretch(Struct, frozen=True, kw_only=True):
    """Ring frames `[first_frame, end_frame)`, all there. oldest_frame: the hole before them is before this one."""

    oldest_frame: int
    first_frame: int
    end_frame: int
    sound_end_frame: (
        int  # the last frame that is not silence, nearly: what stays the same when the oldest goes
    )
    sounded_us: int  # Unix time when it last sounded
    before_end_s: float  # from there to the end of all that was heard of this Ring


def pieces(heads: Iterable[Head]) -> list[list[Head]]:
    """The chunks of one Ring, in the order of their files, parted where frames are missing. [any]

    What is there twice (after a failed sync it is written again) is taken once.
    """
    found: list[list[Head]] = []
    for head in heads:
        if not found or head.first_frame > found[-1][-1].end_frame:
            found.append([head])
        elif head.end_frame > found[-1][-1].end_frame:
            found[-1].append(head)
    return found


def stretches(heads: Sequence[Head], sample_rate_hz: float) -> list[Stretch]:
    """What can be offered of one Ring, oldest first; silence at both ends left out but for PAD_S. [any]"""
    pad, split = int(PAD_S * sample_rate_hz), int(SPLIT_SILENCE_S * sample_rate_hz)
    last_frame = max((head.end_frame for head in heads), default=0)
    found: list[Stretch] = []
    for piece in pieces(heads):
        spans: list[list[Head]] = []
        for head in (head for head in piece if not head.silent):
            if not spans or head.first_frame - spans[-1][-1].end_frame >= split:
                spans.append([])
            spans[-1].append(head)
        for span in spans:
            first, end = span[0].first_frame, span[-1].end_frame
            if end - first >= MIN_OFFERED_S * sample_rate_hz:
                found.append(
                    Stretch(
                        oldest_frame=piece[0].first_frame,
                        first_frame=max(first - pad, piece[0].first_frame),
                        end_frame=min(end + pad, piece[-1].end_frame),
                        sound_end_frame=end,
                        sounded_us=span[-1].wall_us,
                        before_end_s=(last_frame - end) / sample_rate_hz,
                    )
                )
    return found
