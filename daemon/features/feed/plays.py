"""Tells the relay which posts are heard here, so that their authors' counts are true: once a day for each, as the relay counts.

A play that the relay is not there for is not counted later. Who heard a post is told to nobody.
"""

import asyncio
import logging

from daemon.errors import SidechainError
from daemon.events import Bus, PreviewChanged
from daemon.identity.account import Account
from daemon.system.clock import unix_us

log = logging.getLogger(__name__)

DAY_US = 86_400_000_000
HEARD_S = 1.0
"""What is stopped earlier was not listened to."""
MAX_WAITING = 64


class Plays:
    """All methods are [loop]."""

    def __init__(self, account: Account, bus: Bus) -> None:
        self._account = account
        self._told: set[str] = set()
        self._day = -1
        self._heard: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING)
        bus.on(PreviewChanged, self._changed)

    def _changed(self, event: PreviewChanged) -> None:
        preview, day = event.preview, unix_us() // DAY_US
        whole_s = HEARD_S if preview.duration_s is None else min(HEARD_S, preview.duration_s)
        if preview.kind != "item" or preview.state not in ("playing", "ended") or preview.heard_s < whole_s:
            return
        if day != self._day:
            self._day, self._told = day, set()
        if preview.target not in self._told and not self._heard.full():
            self._told.add(preview.target)
            self._heard.put_nowait(preview.target)

    async def run(self) -> None:
        """For ever."""
        while True:
            post_id = await self._heard.get()
            try:
                await self._account.relay().play(post_id)
            except SidechainError as error:
                log.info("hearing post %s is not counted: %s", post_id[:12], error)
