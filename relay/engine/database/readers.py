"""Reader threads, each with a connection of its own: a read costs one hop there and one back."""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from relay.engine.database.door import Connection

T = TypeVar("T")


class Session(Protocol):
    """A connection that only reads. [reader]"""

    def run(self, work: Callable[[Connection], T], *, snapshot: bool) -> T:
        """Raises what work raises, and errors of the door, never the engine's."""

    def rest(self) -> None:
        """After each run, when its caller has the answer: let the snapshot go. Raises nothing."""

    def close(self) -> None: ...


class _Asked(msgspec.Struct, frozen=True):
    work: Callable[[Connection], Any]  # of any result type; the caller's future has the right one
    snapshot: bool
    future: "asyncio.Future[Any]"


class Readers:
    """[loop]"""

    def __init__(self, loop: asyncio.AbstractEventLoop, sessions: Sequence[Session]) -> None:
        self._loop = loop
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._read_all, args=(session,), name="relay-reader", daemon=True)
            for session in sessions
        ]
        for thread in self._threads:
            thread.start()

    async def read(self, work: Callable[[Connection], T], *, snapshot: bool) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        self._asked.put(_Asked(work, snapshot, future))
        return await future

    async def close(self) -> None:
        """Answer what waits, then close the connections."""
        for _ in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _read_all(self, session: Session) -> None:
        while (asked := self._asked.get()) is not None:
            if asked.future.cancelled():
                continue
            try:
                result, error = session.run(asked.work, snapshot=asked.snapshot), None
            except Exception as raised:
                result, error = None, raised
            self._loop.call_soon_threadsafe(_answer, asked.future, result, error)
            session.rest()
            del asked, result, error  # nothing of it is kept alive until the next read
        session.close()


def _answer(future: "asyncio.Future[Any]", result: object, error: Exception | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
