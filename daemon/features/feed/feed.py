"""The feed as it opens: what the relay says when it says it soon, else what is here.

A page that was fetched a moment ago, with nothing heard since that could have changed it, is shown again without asking.
A relay that takes its time is not waited for when there is something to show; its answer is there for the next look.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from daemon.core.link_signals import LinkState
from daemon.errors import NotClaimed, SidechainError
from daemon.events import (
    AccountChanged,
    Bus,
    FollowsChanged,
    ItemArrived,
    LinkChanged,
    PostChanged,
    PostRemoved,
)
from daemon.library.store import Store
from daemon.uplink.client import PostPage
from relay.wire.rest import AudioPost

PATIENCE_S = 0.35  # of the half second in which a feed should open
FRESH_S = 10.0


class Feed:
    """fetch: a page of the relay. All methods are [loop]."""

    def __init__(self, store: Store, fetch: Callable[[int], Awaitable[PostPage]], bus: Bus) -> None:
        self._store = store
        self._fetch = fetch
        self._bus = bus
        self._online = False
        self._page: tuple[int, float, list[AudioPost]] | None = None  # limit, when, posts
        self._asking: dict[int, asyncio.Task[list[AudioPost]]] = {}
        self._changes = 0
        for kind in (ItemArrived, PostChanged, PostRemoved, FollowsChanged, AccountChanged):
            bus.on(kind, lambda _: self.changed())
        bus.on(LinkChanged, self._link_changed)

    def _link_changed(self, event: LinkChanged) -> None:
        self._online = event.state is LinkState.ONLINE
        self.changed()

    def changed(self) -> None:
        """Something came in or was done that the last page does not show."""
        self._changes += 1
        self._page = None

    async def stored(self, limit: int) -> list[AudioPost]:
        """Those that lie here, newest first."""
        return await self._store.run(Store.items, limit)

    async def posts(self, limit: int) -> tuple[list[AudioPost], bool]:
        """Newest first, and whether they are only what is here. Raises NotClaimed with nothing to show."""
        if (
            self._page
            and self._page[0] >= limit
            and time.monotonic() - self._page[1] < FRESH_S
            and self._online
        ):
            return self._page[2][:limit], False
        here = await self._store.run(Store.items, limit)
        if here and not self._online:
            return here, True
        asking = self._asking.get(limit)
        if asking is None:
            asking = self._asking[limit] = asyncio.create_task(self._ask(limit))
        await asyncio.wait({asking}, timeout=PATIENCE_S if here else None)
        if not asking.done():
            return here, True
        try:
            return asking.result(), False
        except SidechainError as error:
            if isinstance(error, NotClaimed) and not here:
                raise
            return here, True

    async def _ask(self, limit: int) -> list[AudioPost]:
        try:
            changes = self._changes
            page = await self._fetch(limit)
            posts = page.posts
            for post_id in await self._store.run(Store.apply_page, posts, is_last=page.next is None):
                self._bus.tell(PostRemoved(post_id=post_id))
            if changes == self._changes:
                self._page = (limit, time.monotonic(), posts)
            return posts
        finally:
            del self._asking[limit]

    async def close(self) -> None:
        """Let go of what is still being asked."""
        for asking in list(self._asking.values()):
            asking.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)
