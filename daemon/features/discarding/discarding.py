"""Removes discarded Takes and deleted creations for good, once the days in which they could be restored are over."""

import asyncio
import logging

from daemon.config import Config
from daemon.errors import SidechainError
from daemon.events import Bus, SettingsChanged, TakeDiscarded
from daemon.library.creations import Creations
from daemon.library.rows import TakeRow
from daemon.library.store import Store
from daemon.library.takes import Takes
from daemon.system.clock import Clock

log = logging.getLogger(__name__)

DAY_US = 24 * 3600 * 1_000_000
LOOK_INTERVAL_S = 3600.0
MAX_AT_ONCE = 1000


class Discarding:
    """[loop]"""

    def __init__(
        self,
        config: Config,
        store: Store,
        takes: Takes,
        creations: Creations,
        bus: Bus,
        clock: Clock | None = None,
    ) -> None:
        self._grace_us = round(config.restore_days * DAY_US)
        self._store = store
        self._takes = takes
        self._creations = creations
        self._clock = clock or Clock()
        self._wake = asyncio.Event()
        bus.on(TakeDiscarded, lambda _: self._wake.set())
        bus.on(SettingsChanged, self._settings_changed)

    def _settings_changed(self, event: SettingsChanged) -> None:
        self._grace_us = round(event.config.restore_days * DAY_US)
        self._wake.set()

    async def run(self) -> None:
        """For ever; cancelled at shutdown. Raises LibraryStuck, LibraryDamaged."""
        while True:
            self._wake.clear()
            for take in await self._store.run(Store.discarded_takes, MAX_AT_ONCE):
                if self._is_over(take.discarded_us):
                    await self._remove(take)
            for creation in await self._creations.every(deleted=True):
                if self._is_over(creation.deleted_us) and not creation.waits:
                    await self._creations.remove(creation)
            await self._clock.wait(self._wake, LOOK_INTERVAL_S)

    def _is_over(self, since_us: int | None) -> bool:
        return (since_us or 0) + self._grace_us <= self._clock.unix_us()

    async def _remove(self, take: TakeRow) -> None:
        try:
            await self._takes.remove(take)
            log.info(
                "take %s was discarded %g days ago and is removed", take.take_id, self._grace_us / DAY_US
            )
        except SidechainError as error:  # somebody has posted it again: it stays until that has arrived
            log.warning("discarded take %s stays: %s", take.take_id, error)
