"""Index arithmetic of a Ring: which frames stand where, and which may be believed.

Pure numbers; the caller has read the words and copies the frames. Indices count frames since the Ring was made
and never wrap; only a place in the buffer is taken modulo the capacity. All arithmetic is in unbounded ints: a
peer's numbers are hostile, and fixed-width ones would wrap into plausible places (numpy's uint64 does).

The rule that makes a copy safe: the writer announces in `reserve` which frames it is about to overwrite, before
it touches them. Whatever lies below `reserve - capacity` may hold newer sound, whatever lies from `commit` on is
not finished. A reader copies oldest first, looks at `reserve` again, and trims what was overtaken meanwhile.
"""

import msgspec

from plugin_protocol.errors import LayoutError
from plugin_protocol.layout import MAX_RATE_HZ

MAX_INDEX = 1 << 62  # 190,000 years at 768 kHz
GUARD_FRAMES = 8_192
GUARD_S = 0.05
GUARD_SHARE = 8  # a small Ring is not all guard: at most 1/8 of it
RECORD_GUARD = 8


class Indices(msgspec.Struct, frozen=True, kw_only=True):
    """The three counters of a Ring, as read together: `commit` first, `reserve` last.

    reserve, commit: ends of the frames announced and of the frames complete. timeline_commit: records complete.
    """

    reserve: int
    commit: int
    timeline_commit: int


def checked(now: Indices, before: Indices | None = None) -> Indices:
    """`now`, if an honest writer could have left it, also after `before`. [any]

    Raises LayoutError naming the index that is impossible: absurdly large, committed but never announced, or
    going backwards.
    """
    if _is_honest(now, before):
        return now
    for field, found in (
        ("reserve", now.reserve),
        ("commit", now.commit),
        ("timeline_commit", now.timeline_commit),
    ):
        if not 0 <= found < MAX_INDEX:
            raise LayoutError(field, found, "0 to 2**62-1")
    if now.commit > now.reserve:
        raise LayoutError("commit", now.commit, f"may not be ahead of reserve, which is {now.reserve}")
    if before is not None:
        for field, found, floor in (
            ("reserve", now.reserve, before.reserve),
            ("commit", now.commit, before.commit),
            ("timeline_commit", now.timeline_commit, before.timeline_commit),
        ):
            if found < floor:
                raise LayoutError(field, found, f"went backwards: it has been {floor}")
    return now


def _is_honest(now: Indices, before: Indices | None) -> bool:
    """All at once, for a look that is taken hundreds of times a second; `checked` then says what is wrong."""
    if not (0 <= now.commit <= now.reserve < MAX_INDEX and 0 <= now.timeline_commit < MAX_INDEX):
        return False
    return before is None or (
        now.reserve >= before.reserve
        and now.commit >= before.commit
        and now.timeline_commit >= before.timeline_commit
    )


def guard_frames(sample_rate_hz: float, capacity: int) -> int:
    """Distance to keep from the edge that is being overwritten, in frames. [any]

    Python has no acquire load, so on a weakly ordered CPU the second look at `reserve` may be served up to about
    a microsecond early. 50 ms is far more than a writer gets through in that time.
    """
    return min(max(GUARD_FRAMES, int(GUARD_S * min(sample_rate_hz, MAX_RATE_HZ))), capacity // GUARD_SHARE)


def readable(indices: Indices, capacity: int, guard: int) -> range:
    """The frames that may be copied now; empty when the Ring holds none that are far enough from the edge."""
    oldest = max(0, indices.reserve - capacity + guard) if indices.reserve > capacity - guard else 0
    return range(min(oldest, indices.commit), indices.commit)


def spans(first: int, frames: int, capacity: int) -> list[tuple[int, int]]:
    """Where `frames` frames from `first` on lie: (place in the buffer, frames) for one or two pieces. [any]

    Requires 0 <= frames <= capacity.
    """
    if frames <= 0:
        return []
    place = first % capacity
    head = min(frames, capacity - place)
    return [(place, head)] if head == frames else [(place, head), (0, frames - head)]


def trim(first: int, frames: int, reserve_after: int, capacity: int, guard: int = 0) -> tuple[int, int]:
    """(frames to cut from the head, frames left) of a copy, after `reserve` was read again behind it. [any]"""
    overtaken = reserve_after - capacity + guard - first if reserve_after > capacity - guard else 0
    cut = min(max(0, overtaken), frames)
    return cut, frames - cut


def newest_records(timeline_commit: int, capacity: int) -> range:
    """The timeline records that can still be there. The oldest slot may be being overwritten, so it is left out.

    Read again after the copy: record i is whole when i is in the range that the *later* count gives, because
    record i + capacity is not begun before timeline_commit has reached i + capacity.
    """
    oldest = timeline_commit - capacity + RECORD_GUARD
    return range(max(0, oldest), timeline_commit)
