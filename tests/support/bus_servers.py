"""What a bus may stand on, each with the faults that it can have."""

import secrets
from typing import Protocol

from relay.engine.bus.door import Bus
from relay.engine.bus.memory import MemoryBus, MemoryWire
from relay.engine.bus.open import open_bus
from tests.support.postgres import PostgresServer
from tests.support.valkey import ValkeyServer


class BusServer(Protocol):
    """Its buses hear each other, and those of no other test."""

    def bus(self) -> Bus: ...

    def kill(self) -> None: ...

    def start(self) -> None:
        """After `kill`; in the thread that began it, with which a server ends."""


class Memory:
    def __init__(self) -> None:
        self._wire = MemoryWire()
        self.kill, self.start = self._wire.cut, self._wire.mend

    def bus(self) -> Bus:
        return MemoryBus(self._wire)


class OverValkey:
    def __init__(self, server: ValkeyServer) -> None:
        self._url = f"{server.url}?channel=test-{secrets.token_hex(4)}"
        self.kill, self.start = server.kill, server.start

    def bus(self) -> Bus:
        return open_bus(self._url)


class OverPostgres:
    def __init__(self, server: PostgresServer) -> None:
        self._url = server.url(f"test_{secrets.token_hex(4)}")
        self.kill, self.start = server.kill, server.start

    def bus(self) -> Bus:
        return open_bus(self._url)
