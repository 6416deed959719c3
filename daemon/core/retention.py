"""Which files of the History go: the oldest, under a limit of minutes for each Instance and of bytes for all.

What was closed in peace goes first. What a host that went down left behind goes last: running Instances give up all but
FLOOR_S of theirs before. Only what sounded counts as minutes. Pure; holdings.py removes.
"""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

KEEP_ENDED_US = 7 * 24 * 3600 * 1_000_000  # who has not asked for it in a week does not miss it
FLOOR_S = 60.0


class Held(Struct, frozen=True, kw_only=True):
    """One segment file on the disk. ring, number: which; open: it is being written to."""

    ring: str
    number: int
    instance: str
    size_bytes: int
    seconds: float  # that sounded
    wall_us: int  # of its last chunk
    ended: bool  # its host is gone: somebody may want it back
    open: bool = False
    packed: bool = False
    closed_us: int | None = None  # Unix time at which it was closed in peace; None: it was not


def in_order(held: Iterable[Held]) -> list[Held]:
    """The oldest first. Within a Ring by number: what was played after the clock was set back is no older for it. [any]"""
    files = list(held)
    heard_us: dict[tuple[str, int], int] = {}
    newer_us: dict[str, int] = {}
    for one in sorted(files, key=lambda h: -h.number):
        newer_us[one.ring] = min(one.wall_us, newer_us.get(one.ring, one.wall_us))
        heard_us[one.ring, one.number] = newer_us[one.ring]
    return sorted(files, key=lambda h: (heard_us[h.ring, h.number], h.number))


def to_remove(
    held: Iterable[Held], *, keep_s: float, keep_closed_us: int, budget_bytes: int, now_us: int
) -> list[Held]:
    """The files to remove so that the rest is within the limits, in the order to remove them. [any]

    Files that are open stay, whatever they take: the caller keeps them small.
    """
    left = in_order(held)
    gone = [h for h in left if h.ended and now_us > _ends_us(h, keep_closed_us)]
    newest_s: dict[str, float] = defaultdict(float)
    for one in reversed(left):
        if one.ended:
            continue
        if newest_s[one.instance] >= keep_s and not one.open:
            gone.append(one)
        newest_s[one.instance] += one.seconds
    removed = set(gone)
    left = [h for h in left if h not in removed]
    excess = sum(h.size_bytes for h in left) - budget_bytes
    while excess > 0 and (victim := _next(left)) is not None:
        left.remove(victim)
        gone.append(victim)
        excess -= victim.size_bytes
    return gone


def _ends_us(one: Held, keep_closed_us: int) -> int:
    return one.wall_us + KEEP_ENDED_US if one.closed_us is None else one.closed_us + keep_closed_us


def to_give_up(held: Iterable[Held], size_bytes: int) -> list[Held]:
    """The oldest files to remove for so many bytes of a disk that is full, in the order to remove them; fewer when what is
    left is what a crash left or the last FLOOR_S of who runs. [any]"""
    left = in_order(held)
    gone: list[Held] = []
    while size_bytes > 0 and (victim := _spare(left)) is not None:
        left.remove(victim)
        gone.append(victim)
        size_bytes -= victim.size_bytes
    return gone


def _next(left: list[Held]) -> Held | None:
    """`left` oldest first."""
    spare = _spare(left)
    return spare or next((h for h in left if h.ended), None) or next((h for h in left if not h.open), None)


def _spare(left: list[Held]) -> Held | None:
    """What goes first: of what was closed, else of who runs and has most, but for FLOOR_S."""
    if (closed := next((h for h in left if h.closed_us is not None), None)) is not None:
        return closed
    seconds: dict[str, float] = defaultdict(float)
    size: dict[str, int] = defaultdict(int)
    for one in left:
        if not one.ended:
            seconds[one.instance] += one.seconds
            size[one.instance] += one.size_bytes
    can_give = [h for h in left if not h.ended and not h.open and seconds[h.instance] - h.seconds >= FLOOR_S]
    # of the largest, max keeps the first: the oldest
    return max(can_give, key=lambda h: size[h.instance], default=None)
