"""The daemon looks after its library: a file that somebody removes is written again from what is still open."""

import logging

from bridge.rounds import next_round
from daemon.events import Bus, DiskTroubled
from daemon.library.store import Store

LOOK_INTERVAL_S = 4.0
WRITTEN_AGAIN = "The library's file was removed, and is written again; nothing of it is lost."

log = logging.getLogger(__name__)


class LibraryWatch:
    """[loop]"""

    def __init__(self, store: Store, bus: Bus) -> None:
        self._store = store
        self._bus = bus

    async def run(self) -> None:
        """For ever. Raises LibraryStuck, NoSpace."""
        while True:
            await self.look()
            await next_round(LOOK_INTERVAL_S)

    async def look(self) -> None:
        """Once."""
        if await self._store.run(Store.put_back):
            log.warning(WRITTEN_AGAIN)
            self._bus.tell(DiskTroubled(sentence=WRITTEN_AGAIN))
