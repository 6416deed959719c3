"""The daemon looks after its library: a file that somebody removes is written again from what is still open, a folder made again."""

import asyncio
import logging
from pathlib import Path

from bridge.rounds import next_round
from daemon.events import Bus, DiskTroubled
from daemon.library.store import Store
from daemon.system.files import make_folder

LOOK_INTERVAL_S = 4.0
WRITTEN_AGAIN = "The library's file was removed, and is written again; nothing of it is lost."

FOLDER_AGAIN = "The folder of the takes was removed, and is made again, empty. Put back what was in it: {}."

log = logging.getLogger(__name__)


class LibraryWatch:
    """[loop]"""

    def __init__(self, store: Store, takes_dir: Path, bus: Bus) -> None:
        self._store = store
        self._takes_dir = takes_dir
        self._bus = bus

    async def run(self) -> None:
        """For ever. Raises LibraryStuck, NoSpace, OSError."""
        while True:
            await self.look()
            await next_round(LOOK_INTERVAL_S)

    async def look(self) -> None:
        """Once."""
        if await self._store.run(Store.put_back):
            log.warning(WRITTEN_AGAIN)
            self._bus.tell(DiskTroubled(sentence=WRITTEN_AGAIN))
        if await asyncio.to_thread(make_folder, self._takes_dir):
            sentence = FOLDER_AGAIN.format(self._takes_dir)
            log.warning(sentence)
            self._bus.tell(DiskTroubled(sentence=sentence))
