"""asyncio's Event and Queue, for connections of which there are thousands that wait: one who waits, and nothing made in advance.

Each deque inside of asyncio's costs 760 bytes before anything is in it: an Event has one, a Queue four.
"""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Flag:
    """Set or not. One task at a time may wait for it. [loop]"""

    __slots__ = ("_is_set", "_waiter")

    def __init__(self) -> None:
        self._is_set = False
        self._waiter: asyncio.Future[None] | None = None

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def clear(self) -> None:
        self._is_set = False

    async def wait(self) -> None:
        """Until it is set."""
        while not self._is_set:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None


class Mailbox(Generic[T]):
    """First in, first out, without a limit of its own. One task at a time may wait for what comes. [loop]"""

    __slots__ = ("_filled", "_items")

    def __init__(self) -> None:
        self._items: list[T] = []  # hardly ever more than one: then a list is as quick as a deque
        self._filled = Flag()

    def empty(self) -> bool:
        return not self._items

    def put_nowait(self, item: T) -> None:
        self._items.append(item)
        self._filled.set()

    async def get(self) -> T:
        """The oldest, when there is one."""
        while not self._items:
            self._filled.clear()
            await self._filled.wait()
        return self._items.pop(0)
