"""Whether login starts this daemon: looked at and switched in a thread, for the system's service manager is asked."""

import asyncio
from collections.abc import Callable

from msgspec import Struct

from daemon.core.at_login import Start
from daemon.system.at_login import AtLogin


class LoginIs(Struct, frozen=True, kw_only=True):
    """kind: by what login starts it, in words."""

    state: Start
    kind: str


class Login:
    """way: of this system, made when it is first needed. All methods are [loop] and raise SidechainError."""

    def __init__(self, way: Callable[[], AtLogin]) -> None:
        self._way = way

    async def look(self) -> LoginIs:
        return await asyncio.to_thread(self._looked)

    async def switch(self, *, on: bool) -> LoginIs:
        """From now on, or not any more; what runs goes on."""

        def switch() -> LoginIs:
            way = self._way()
            if on:
                way.enable()
            else:
                way.disable()
            return self._looked()

        return await asyncio.to_thread(switch)

    def _looked(self) -> LoginIs:
        way = self._way()
        return LoginIs(state=way.state(), kind=way.kind)
