"""The newest Items made ready before anybody asks, so that a click is heard at once. One after the other, never urgent.

Only while a plugin is there, for its rate and channels. What cannot be fetched is tried again when something changes.
"""

import asyncio
import logging

from daemon.errors import SidechainError
from daemon.events import Bus, ItemArrived, LinkChanged, PluginsChanged
from daemon.features.previews.preview_files import PreviewFiles
from daemon.library.store import Store
from daemon.rings.instances import Instances
from relay.wire.rest import AudioPost

log = logging.getLogger(__name__)

LONGEST_MS = 60_000  # longer ones are prepared when they are asked for: nothing urgent waits behind them
SETTLE_S = 0.5  # a plugin that comes brings several changes


class Prefetch:
    """All methods are [loop]. most: how many Items; 0: none."""

    def __init__(self, store: Store, instances: Instances, files: PreviewFiles, most: int, bus: Bus) -> None:
        self._store = store
        self._instances = instances
        self._files = files
        self._most = most
        self._wake = asyncio.Event()
        for kind in (PluginsChanged, ItemArrived, LinkChanged):
            bus.on(kind, lambda _: self.wake())

    def wake(self) -> None:
        """A plugin came, an Item came in, or the relay is back."""
        self._wake.set()

    async def run(self) -> None:
        """For ever; cancelled at shutdown."""
        while self._most:
            await self._wake.wait()
            await asyncio.sleep(SETTLE_S)
            self._wake.clear()
            wanted = {
                (i.ring.header.sample_rate_hz, i.ring.header.channels)
                for i in self._instances.all()
                if i.ring and not i.gone_at
            }
            for post in await self._store.run(Store.items, self._most) if wanted else []:
                if post.duration_ms <= LONGEST_MS:
                    await self._prepare(post, wanted)

    async def _prepare(self, post: AudioPost, wanted: set[tuple[float, int]]) -> None:
        try:
            source = await self._files.fetched(post, lambda _: None)
            for sample_rate_hz, channels in sorted(wanted):
                fit = await self._files.fit(source, sample_rate_hz, channels, 1.0)
                while not fit.settled:
                    await fit.news().wait()
                fit.close()
        except SidechainError as error:
            log.info("%s is not made ready yet: %s", post.id, error)
