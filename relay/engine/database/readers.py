"""Reader threads, each with a connection of its own: a read costs one hop there and one back."""

import asyncio
import threading
from collections import deque
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


class _Reader:
    """A thread that waits, until it is given something. None: its last."""

    __slots__ = ("_woken", "given")

    def __init__(self) -> None:
        self.given: _Asked | None = None
        self._woken = threading.Lock()
        self._woken.acquire()

    def give(self, asked: _Asked | None) -> None:
        self.given = asked
        self._woken.release()

    def wait(self) -> _Asked | None:
        self._woken.acquire()
        asked, self.given = self.given, None
        return asked


class _Waiting:
    """What is asked, in order. Of the readers that wait the last one is woken, whose caches are warm, and no other: a
    queue that all of them wait at wakes one more for nothing each time (CPython's SimpleQueue), which costs as much as the
    reading. [any]
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: deque[_Asked | None] = deque()
        self._idle: list[_Reader] = []

    def put(self, asked: _Asked | None) -> None:
        with self._lock:
            if not self._idle:
                self._asked.append(asked)
                return
            reader = self._idle.pop()
        reader.give(asked)

    def get(self, reader: _Reader) -> _Asked | None:
        with self._lock:
            if self._asked:
                return self._asked.popleft()
            self._idle.append(reader)
        return reader.wait()


class Readers:
    """[loop]"""

    def __init__(self, loop: asyncio.AbstractEventLoop, sessions: Sequence[Session]) -> None:
        self._loop = loop
        self._asked = _Waiting()
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
        reader = _Reader()
        while (asked := self._asked.get(reader)) is not None:
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
