"""When a daemon has died so often that it should start without all that it can do without: a rule on times of starts."""

from collections.abc import Sequence

WINDOW_US = 10 * 60 * 1_000_000
CRASHES = 3


def recent(starts_us: Sequence[int], now_us: int) -> list[int]:
    """Those within WINDOW_US of now; a clock that was set back makes none of them older or newer than now. [any]"""
    return [at for at in starts_us if 0 <= now_us - at <= WINDOW_US]


def is_loop(starts_us: Sequence[int], now_us: int) -> bool:
    """starts_us: of starts that did not end as they should, Unix time. [any]"""
    return len(recent(starts_us, now_us)) >= CRASHES
