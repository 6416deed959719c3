"""The wire inside one process: for a relay that is alone, and for tests of several in one."""

import asyncio

from relay.engine.bus.door import OnJoin, OnMessage
from relay.engine.bus.frames import Listeners


class MemoryWire:
    """What the buses of one process hear each other over. cut, mend: as if a server went and came. [loop]"""

    def __init__(self) -> None:
        self.buses: list[MemoryBus] = []
        self.up = True

    def cut(self) -> None:
        self.up = False

    def mend(self) -> None:
        self.up = True
        for bus in self.buses:
            bus.joined()


class MemoryBus:
    """[loop]"""

    def __init__(self, wire: MemoryWire) -> None:
        self._wire = wire
        self._listeners = Listeners()

    @property
    def up(self) -> bool:
        return self._wire.up

    def listen(self, topic: str, on_message: OnMessage, on_join: OnJoin) -> None:
        self._listeners.add(topic, on_message, on_join)

    async def start(self) -> None:
        self._wire.buses.append(self)
        if self._wire.up:
            self.joined()

    def publish(self, topic: str, data: bytes) -> None:
        frames = self._listeners.frames(topic, data)
        if self._wire.up:
            loop = asyncio.get_running_loop()
            for other in self._wire.buses:
                for frame in frames if other is not self else ():
                    loop.call_soon(other.heard, frame)

    async def close(self) -> None:
        if self in self._wire.buses:
            self._wire.buses.remove(self)

    def joined(self) -> None:
        self._listeners.joined()

    def heard(self, frame: bytes) -> None:
        self._listeners.heard(frame)
