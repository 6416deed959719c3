"""The update check: once a day, only where a setting names an address, and nothing is downloaded: it is told, no more."""

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from daemon.core.versions import is_newer
from daemon.errors import SidechainError
from daemon.events import Bus, NewerVersion, SettingsChanged
from daemon.uplink.http import RelayHttp

INTERVAL_S = 24 * 3600.0
RETRY_S = 3600.0

log = logging.getLogger(__name__)


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """What the address answers, as JSON. All else in it is passed over."""

    version: Annotated[str, Meta(min_length=1, max_length=64)]


class Updates:
    """[loop]. address: of now, "" when nobody is to be asked."""

    def __init__(self, address: Callable[[], str], version: str, bus: Bus) -> None:
        self._address = address
        self._version = version
        self._bus = bus
        self._changed = asyncio.Event()
        bus.on(SettingsChanged, lambda _: self._changed.set())

    async def run(self) -> None:
        """For ever."""
        while True:
            self._changed.clear()
            address = self._address()
            wait_s = None if not address else await self.look(address)
            try:
                async with asyncio.timeout(wait_s):
                    while self._address() == address:
                        self._changed.clear()
                        await self._changed.wait()
            except TimeoutError:
                continue

    async def look(self, address: str) -> float:
        """Ask once and tell what is newer than this, "" if nothing is; how long to wait before the next time."""
        asking = RelayHttp(address)
        try:
            newest = (await asking.get(address, Newest)).version
        except SidechainError as error:
            log.info("the update check came to nothing: %s", error)
            return RETRY_S
        finally:
            await asking.close()
        self._bus.tell(NewerVersion(version=newest if is_newer(newest, self._version) else ""))
        return INTERVAL_S
