"""A database whose reads and writes happen within something: a time that is taken, a span that is told."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from relay.engine.database.door import Connection, Database, Tx

T = TypeVar("T")
Around = Callable[[str, Callable[..., Any]], AbstractContextManager[object]]
"""What is done ("read", "write", "apart") and by which function, in; what it happens within, queues included, out."""


class ObservedDatabase:
    """[loop]"""

    def __init__(self, db: Database, around: Around) -> None:
        self._db = db
        self._around = around

    @property
    def applied(self) -> int:
        return self._db.applied

    @property
    def silent_s(self) -> float:
        return self._db.silent_s

    async def write(self, work: Callable[[Tx], T], *, apart: bool = False) -> T:
        with self._around("apart" if apart else "write", work):
            return await self._db.write(work, apart=apart)

    async def read(self, work: Callable[[Connection], T], *, snapshot: bool = True) -> T:
        with self._around("read", work):
            return await self._db.read(work, snapshot=snapshot)

    async def close(self) -> None:
        await self._db.close()
