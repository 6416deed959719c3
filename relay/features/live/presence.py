"""Presence at this process: what devices say here or elsewhere, and telling those who follow them what is visible of it.

Other processes tell ids. What an account is called is known of all who were here or are followed by somebody who is; of the
others it is asked when there is something to tell of them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from relay.core.presence import OFFLINE, Visible
from relay.core.times import rfc3339
from relay.engine.bus.door import Bus
from relay.engine.clock import now_us
from relay.engine.leases.shared import SharedLeases
from relay.features.live.encoding import LiveOnly
from relay.features.live.hub import Connection, Hub
from relay.wire.events import MAX_PRESENCE, Presence, PresenceUpdate

Names = Callable[[list[str]], Awaitable[Mapping[str, str]]]
NAMES_AT_ONCE = 500
AWAY = (OFFLINE, "away")


class PresenceBoard:
    """names: what accounts are called, by their ids. on_live: told when a device here makes music; on_active: whose. [loop]"""

    def __init__(self, hub: Hub, bus: Bus, names: Names) -> None:
        self._hub = hub
        self._names = names
        self._usernames: dict[str, str] = {}
        self._unnamed: set[str] = set()
        self._wanted = asyncio.Event()
        self.on_live: Callable[[], None] = _nothing
        self.on_active: Callable[[str], None] = _nobody
        self._leases = SharedLeases(bus, self._tell, now_us)
        hub.on_followed = self._followed
        hub.on_parted = self._parted

    def is_live(self, account_id: str) -> bool:
        """Whether somebody makes music right now."""
        return self._leases.visible(account_id, now_us()).status not in AWAY

    def arrived(self, account_id: str, username: str) -> None:
        """An account connects: this is what it is called."""
        self._usernames[account_id] = username

    def say(self, connection: Connection, said: Presence) -> None:
        """A device says what it does. Browsers have no presence."""
        if connection.device is not None:
            self._leases.say(
                connection.account_id,
                connection.device,
                status=said.status,
                daw=said.daw,
                bpm=said.bpm,
                now_us=now_us(),
            )
            if said.status not in AWAY:
                self.on_live()
                self.on_active(connection.account_id)

    def renew(self, connection: Connection) -> None:
        """Any other sign of life."""
        if connection.device is not None:
            self._leases.renew(connection.account_id, connection.device, now_us())

    def left(self, connection: Connection) -> None:
        """The last connection of a device is gone; its presence lives on for the grace time."""
        if connection.device is not None:
            self._leases.leave(connection.account_id, connection.device, now_us())

    async def tick(self) -> None:
        """Leases that ended, and what waits to be told. Once a second."""
        self._leases.tick(now_us())

    async def ask_names(self) -> None:
        """Ask, for ever, what those are called of whom there is something to tell. One task of the process does."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._unnamed:
                asked = list(self._unnamed)[:NAMES_AT_ONCE]
                self._usernames.update(await self._names(asked))
                self._unnamed.difference_update(asked)
                self._tell(self._leases.visible(each, now_us()) for each in asked if each in self._usernames)

    def of(self, people: Iterable[tuple[str, str]]) -> list[PresenceUpdate]:
        """What people do who do something, by id and name; at most MAX_PRESENCE, who began last first."""
        found: list[PresenceUpdate] = []
        for account_id, username in people:
            self._usernames.setdefault(account_id, username)
            seen = self._leases.visible(account_id, now_us())
            if seen.status != OFFLINE:
                found.append(self._update(seen))
        return sorted(found, key=lambda each: each.since, reverse=True)[:MAX_PRESENCE]

    def _followed(self, connection: Connection, followee_id: str) -> None:
        """Who begins to follow somebody sees what they do, without connecting anew."""
        seen = self._leases.visible(followee_id, now_us())
        if seen.status == OFFLINE:
            return
        if followee_id in self._usernames:
            connection.outbox.offer(LiveOnly(self._update(seen)))
        else:
            self._ask_name(followee_id)

    def _parted(self, connection: Connection, followee_id: str) -> None:
        if followee_id in self._usernames:
            gone = Visible(user_id=followee_id, status=OFFLINE, since_us=now_us())
            connection.outbox.offer(LiveOnly(self._update(gone)))

    def _tell(self, updates: Iterable[Visible]) -> None:
        for update in updates:
            if not self._hub.is_followed(update.user_id):
                continue
            if update.user_id in self._usernames:
                self._hub.tell_followers(update.user_id, LiveOnly(self._update(update)))
            else:
                self._ask_name(update.user_id)

    def _ask_name(self, account_id: str) -> None:
        self._unnamed.add(account_id)
        self._wanted.set()

    def _update(self, seen: Visible) -> PresenceUpdate:
        return PresenceUpdate(
            user_id=seen.user_id,
            username=self._usernames[seen.user_id],
            status=seen.status,
            daw=seen.daw,
            bpm=seen.bpm,
            since=rfc3339(seen.since_us),
        )


def _nothing() -> None:
    pass


def _nobody(_: str) -> None:
    pass
