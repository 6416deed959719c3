"""A bus over a server that may be away: reads and writes are tried again for ever, and each return is told."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from relay.engine.bus.door import OnJoin, OnMessage
from relay.engine.bus.frames import Listeners, Outbox

log = logging.getLogger("relay")

CONNECT_LIMIT_S = 1.0
ANSWER_LIMIT_S = 1.0
PING_S = 5.0
"""So long nothing may be heard before the server is asked whether it is there."""
PAUSE_S = (0.1, 0.4)
"""Between two attempts, drawn anew each time, so that not all processes come back at once."""
FRAMES_AT_ONCE = 64
CANCEL_AGAIN_S = 0.2


class Wire(Protocol):
    """One kind of server. Both may raise anything; both are then called again. [loop]"""

    part_bytes: int

    async def receive(self, up: Callable[[], None], heard: Callable[[bytes], None]) -> None:
        """Hand on frames until the connection breaks; up: each time what others send from here on is heard."""

    async def send(self, frames: Sequence[bytes]) -> None:
        """Raises unless the server has them all."""

    async def close(self) -> None: ...


class WiredBus:
    """[loop]"""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._listeners = Listeners()
        self._outbox = Outbox()
        self._something = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._hears = False
        self._tells = True

    @property
    def up(self) -> bool:
        return self._hears and self._tells

    def listen(self, topic: str, on_message: OnMessage, on_join: OnJoin) -> None:
        self._listeners.add(topic, on_message, on_join)

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._send())]

    def publish(self, topic: str, data: bytes) -> None:
        frames = self._listeners.frames(topic, data, self._wire.part_bytes)
        if self._hears:  # what was published to nobody is told anew on_join
            self._outbox.put(frames)
            self._something.set()

    async def close(self) -> None:
        """A client may answer our cancelling with an error of its own, which looks like a wire that broke: so until done."""
        while running := [task for task in self._tasks if not task.done()]:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=CANCEL_AGAIN_S)
        with suppress(Exception):  # of a server that is gone
            await self._wire.close()

    async def _receive(self) -> None:
        while True:
            try:
                await self._wire.receive(self._joined, self._listeners.heard)
            except Exception as error:
                if self._hears:
                    log.warning("the bus does not hear the others: %r", error)
            self._hears = False
            await asyncio.sleep(random.uniform(*PAUSE_S))

    async def _send(self) -> None:
        while True:
            await self._something.wait()
            frames = self._outbox.take(FRAMES_AT_ONCE)
            if not self._outbox:
                self._something.clear()
            if not frames:  # taken back: all is being told anew
                continue
            try:
                await self._wire.send(frames)
            except Exception as error:
                if self._tells:
                    log.warning("the bus does not reach the others: %r", error)
                await self._recover()
            if self._outbox.lost:
                self._start_anew()

    async def _recover(self) -> None:
        """What was to be told is old when the server is back: all is told anew instead."""
        self._tells = False
        while not self._tells:
            await asyncio.sleep(random.uniform(*PAUSE_S))
            try:
                await self._wire.send(self._listeners.frames("", b""))
            except Exception:
                continue
            self._tells = True
        self._start_anew()

    def _joined(self) -> None:
        self._hears = True
        self._start_anew()

    def _start_anew(self) -> None:
        self._outbox.clear()
        self._listeners.joined()
