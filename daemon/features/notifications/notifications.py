"""How many notifications are unread, as of now: asked when the link comes up, and told by the relay from then on.

Without a relay that can be reached the last number stands; with another account there is none.
"""

import asyncio
import logging
from collections.abc import Mapping

import msgspec

from daemon.core.link_signals import LinkState
from daemon.errors import SidechainError, UsageError
from daemon.events import AccountChanged, Bus, LinkChanged, NotificationsChanged
from daemon.identity.account import Account
from relay.wire.notifications import NotificationPage, NotificationPreferences, PreferencesEdit

log = logging.getLogger(__name__)


class Notifications:
    """All methods are [loop]. unread: as it was told last."""

    def __init__(self, account: Account, bus: Bus) -> None:
        self._account = account
        self._bus = bus
        self._name = account.name
        self._online = False
        self._ask = asyncio.Event()
        self.unread = 0
        bus.on(LinkChanged, self._link_changed)
        bus.on(AccountChanged, self._account_changed)
        bus.on(NotificationsChanged, self._told)

    def _link_changed(self, event: LinkChanged) -> None:
        online = event.state is LinkState.ONLINE
        if online and not self._online:
            self._ask.set()
        self._online = online

    def _account_changed(self, _: AccountChanged) -> None:
        if self._account.name != self._name:
            self._name = self._account.name
            self._bus.tell(NotificationsChanged(unread=0))

    def _told(self, event: NotificationsChanged) -> None:
        self.unread = event.unread

    async def run(self) -> None:
        """For ever: ask for the number whenever the link has come up."""
        while True:
            await self._ask.wait()
            self._ask.clear()
            try:
                counts = await self._account.relay().notification_counts()
            except SidechainError as error:
                log.info("the number of notifications is not known: %s", error)
                continue
            if counts.unread != self.unread:
                self._bus.tell(NotificationsChanged(unread=counts.unread))

    async def page(self, limit: int, cursor: str | None) -> NotificationPage:
        """Newest first. cursor: `next` of the page before. Raises Offline, RelayRefused, NotClaimed."""
        return await self._account.relay().notifications(limit, cursor)

    async def mark_read(self) -> None:
        """All of them. Raises Offline, RelayRefused, NotClaimed."""
        counts = await self._account.relay().read_notifications()
        self._bus.tell(NotificationsChanged(unread=counts.unread))

    async def preferences(self) -> NotificationPreferences:
        """Of what this account is told. Raises Offline, RelayRefused, NotClaimed."""
        return await self._account.relay().preferences()

    async def prefer(self, told: Mapping[str, bool]) -> NotificationPreferences:
        """told: of some kinds, whether from now on. Raises UsageError for what is none; Offline, RelayRefused, NotClaimed."""
        kinds = NotificationPreferences.__struct_fields__
        if unknown := [each for each in told if each not in kinds]:
            raise UsageError(
                f"“{unknown[0]}” is no kind of notification.", f"Say some of: {', '.join(kinds)}."
            )
        return await self._account.relay().prefer(msgspec.convert(dict(told), PreferencesEdit))
