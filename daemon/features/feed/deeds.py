"""Deeds at the relay: done now, or kept until the relay can be reached, in the order in which they were asked for.

A deed that ran out of time may have arrived. It waits like one that did not: doing it twice is doing it once.
"""

import asyncio
import contextlib
import logging

from msgspec import Struct

from daemon.core.deeds import Deed, DeedKind, as_if_done
from daemon.core.link_signals import LinkState
from daemon.errors import KeyringUnavailable, NoSpace, NotClaimed, Offline, RelayRefused
from daemon.events import (
    AccountChanged,
    Bus,
    DeedRefused,
    DeedsWait,
    FollowsChanged,
    LinkChanged,
    PostChanged,
)
from daemon.identity.account import Account
from daemon.library.store import Store
from relay.wire.rest import AudioPost

log = logging.getLogger(__name__)

RETRY_S = 30.0  # while the link is up and the relay does not answer deeds
MAX_RETRY_S = 600.0


class Done(Struct, frozen=True, kw_only=True):
    """waits: it is done when the relay can be reached. post: as it is then, where the deed is of a post that is known."""

    post: AudioPost | None
    waits: bool


class Deeds:
    """All methods are [loop]."""

    def __init__(self, account: Account, store: Store, bus: Bus) -> None:
        self._account = account
        self._store = store
        self._bus = bus
        self._news = asyncio.Event()
        bus.on(LinkChanged, self._link_changed)
        bus.on(AccountChanged, lambda _: self._news.set())

    def _link_changed(self, event: LinkChanged) -> None:
        if event.state is LinkState.ONLINE:
            self._news.set()

    async def do(self, deed: Deed) -> Done:
        """Raises RelayRefused, NotClaimed, NoSpace (too many wait already)."""
        name = self._name()
        if not await self._store.run(Store.count_deeds, name):
            try:
                return Done(post=await self._carry_out(deed), waits=False)
            except Offline as error:
                log.info("%s waits: %s", deed, error)
        if not await self._store.run(Store.add_deed, name, deed):
            raise NoSpace(
                "Too many likes, reactions and follows wait for the relay.", "`sidechain doctor` says why."
            )
        self._bus.tell(DeedsWait())
        self._news.set()
        return Done(post=await self._shown_as_done(deed), waits=True)

    async def waiting(self) -> int:
        """How many wait, of the account this device belongs to."""
        name = self._account.name
        return await self._store.run(Store.count_deeds, name) if name else 0

    async def run(self) -> None:
        """For ever: what waits is done when the relay can be reached."""
        while True:
            self._news.clear()
            pause_s = await self._catch_up()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._news.wait()

    async def _catch_up(self) -> float | None:
        """Do what waits, in order; the seconds after which to try again. None: when there is news.

        One that the relay stumbles over is left for later and holds up no other.
        """
        done_number, pause_s = 0, None
        while (name := self._account.name) and (
            waiting := await self._store.run(Store.next_deed, name, done_number)
        ):
            done_number = waiting.number
            try:
                await self._carry_out(waiting.deed)
            except Offline as error:
                pause_s = min(error.retry_after_s or RETRY_S, MAX_RETRY_S)
                if error.relay_wide:
                    return pause_s
                continue
            except RelayRefused as error:
                log.warning("%s was refused: %s", waiting.deed, error)
                self._bus.tell(DeedRefused(sentence=f"{waiting.deed} was refused by the relay: {error}"))
            except (NotClaimed, KeyringUnavailable) as error:
                log.info("%s waits: %s", waiting.deed, error)
                return None
            await self._store.run(Store.remove_deed, waiting.number)
            self._bus.tell(DeedsWait())
        return pause_s

    async def _carry_out(self, deed: Deed) -> AudioPost | None:
        relay = self._account.relay()
        match deed.kind:
            case DeedKind.LIKE:
                post = await relay.like(deed.object, deed.on)
            case DeedKind.REACT:
                post = await relay.react(deed.object, deed.emoji, deed.on)
            case DeedKind.FOLLOW:
                await relay.follow(deed.object, deed.on)
                self._bus.tell(FollowsChanged(username=deed.object, follow=deed.on))
                return None
        self._bus.tell(PostChanged(post=await self._store.run(Store.change_item, post)))
        return post

    async def _shown_as_done(self, deed: Deed) -> AudioPost | None:
        """Show the post, if it is in the feed here, as the relay will show it."""
        found = await self._store.run(Store.item, deed.object) if deed.kind is not DeedKind.FOLLOW else []
        if len(found) != 1:
            return None
        post = as_if_done(found[0], deed)
        self._bus.tell(PostChanged(post=await self._store.run(Store.change_item, post)))
        return post

    def _name(self) -> str:
        """Raises NotClaimed."""
        self._account.relay()
        if self._account.name is None:
            raise NotClaimed("This device belongs to no account.", "Run `sidechain claim`.")
        return self._account.name
