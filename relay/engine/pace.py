"""Changes that go out at most once an interval: the first at once, the last of those that follow when its time has come."""

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Pace(Generic[K]):
    """Of many keys. Values only: the clock is the caller's. [loop]"""

    def __init__(self, interval_us: int) -> None:
        self._interval_us = interval_us
        self._touched: set[K] = set()
        self._went_us: dict[K, int] = {}

    def touch(self, key: K) -> None:
        """Something about it has changed."""
        self._touched.add(key)

    def due(self, now_us: int) -> list[K]:
        """Those changed keys whose last change went out an interval ago or earlier; from here on this one has gone."""
        before_us = now_us - self._interval_us
        due = [key for key in self._touched if self._went_us.get(key, before_us) <= before_us]
        self._touched.difference_update(due)
        self._went_us.update(dict.fromkeys(due, now_us))
        return due

    def unchanged(self, key: K) -> None:
        """Of one that was due: nothing went out, so its next change does not wait."""
        self._went_us.pop(key, None)

    def forget(self, now_us: int) -> None:
        """Free what is remembered of keys that may go out again anyway."""
        before_us = now_us - self._interval_us
        self._went_us = {key: at_us for key, at_us in self._went_us.items() if at_us > before_us}
