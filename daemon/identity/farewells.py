"""What is still to be said to the relay of devices that were given up while it could not be reached.

Each is a sentence that the device signed before its key was forgotten. It can do nothing but end what that device had,
so it lies in a plain file until the relay has heard it, over restarts and as long as it takes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from daemon.errors import Offline, RelayRefused
from daemon.system.files import write_durably
from relay.wire.identity import DeviceFarewell

log = logging.getLogger(__name__)

PAUSE_S = 5.0
MAX_PAUSE_S = 600.0
MAX_FAREWELLS = 100


class _FarewellFile(msgspec.Struct, frozen=True, kw_only=True):
    relay_url: str
    farewells: list[DeviceFarewell]


class Farewells:
    """Of one relay. [loop] Those of another, of earlier settings, are forgotten: there is nobody to tell."""

    def __init__(self, path: Path, relay_url: str) -> None:
        self._path = path
        self._relay_url = relay_url
        self._news = asyncio.Event()

    def waiting(self) -> list[DeviceFarewell]:
        """[worker]"""
        try:
            said = msgspec.json.decode(self._path.read_bytes(), type=_FarewellFile)
        except (OSError, msgspec.MsgspecError):
            return []
        return said.farewells if said.relay_url == self._relay_url else []

    async def add(self, farewell: DeviceFarewell) -> None:
        """Durable when this returns. Raises NoSpace, OSError."""
        others = [f for f in await self._all() if f.device_id != farewell.device_id]
        await self._write([*others, farewell][-MAX_FAREWELLS:])

    def wake(self) -> None:
        """There is something to say."""
        self._news.set()

    async def drop(self, device_id: str) -> None:
        """It was said, or must not be any more. Raises NoSpace, OSError."""
        before = await self._all()
        after = [f for f in before if f.device_id != device_id]
        if after != before:
            await self._write(after)

    async def say(self, tell: Callable[[DeviceFarewell], Awaitable[None]]) -> None:
        """For ever: `tell` each, until the relay has taken it or will have nothing of it."""
        pause_s = PAUSE_S
        while True:
            offline = False
            for farewell in await self._all():
                try:
                    await tell(farewell)
                    log.info("the relay was told that device %s is given up", farewell.device_id)
                except RelayRefused as error:
                    log.info("the relay would not hear of device %s: %s", farewell.device_id, error)
                except Offline:
                    offline = True
                    break
                await self.drop(farewell.device_id)
            pause_s = min(2 * pause_s, MAX_PAUSE_S) if offline else PAUSE_S
            self._news.clear()
            if offline:
                await asyncio.sleep(pause_s)
            else:
                await self._news.wait()

    async def _all(self) -> list[DeviceFarewell]:
        return await asyncio.to_thread(self.waiting)

    async def _write(self, farewells: list[DeviceFarewell]) -> None:
        data = msgspec.json.encode(_FarewellFile(relay_url=self._relay_url, farewells=farewells))
        await asyncio.to_thread(write_durably, self._path, data)
