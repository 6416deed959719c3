"""A database whose answers are timed: what features wait for it, queues included."""

import time
from collections.abc import Callable
from typing import TypeVar

from relay.engine.database.door import Connection, Database, Tx

T = TypeVar("T")
Observe = Callable[[str, float], None]
"""Told of what was done ("read", "write", "apart") and the seconds it took."""


class MeasuredDatabase:
    """[loop]"""

    def __init__(self, db: Database, observe: Observe) -> None:
        self._db = db
        self._observe = observe

    @property
    def applied(self) -> int:
        return self._db.applied

    @property
    def silent_s(self) -> float:
        return self._db.silent_s

    async def write(self, work: Callable[[Tx], T], *, apart: bool = False) -> T:
        began_s = time.perf_counter()
        try:
            return await self._db.write(work, apart=apart)
        finally:
            self._observe("apart" if apart else "write", time.perf_counter() - began_s)

    async def read(self, work: Callable[[Connection], T], *, snapshot: bool = True) -> T:
        began_s = time.perf_counter()
        try:
            return await self._db.read(work, snapshot=snapshot)
        finally:
            self._observe("read", time.perf_counter() - began_s)

    async def close(self) -> None:
        await self._db.close()
