"""How many notifications are unread, as of now: asked when the link comes up, and told by the relay from then on.

Without a relay that can be reached the last number stands; with another account there is none.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

import msgspec
from msgspec.structs import asdict

from daemon.core.link_signals import LinkState
from daemon.errors import RelayRefused, SidechainError, UsageError
from daemon.events import AccountChanged, Bus, LinkChanged, NotificationsChanged
from daemon.identity.account import Account
from relay.wire.deliveries import DeliveryPreferencesEdit, KindChoice
from relay.wire.notifications import NotificationPage, NotificationPreferences, PreferencesEdit

log = logging.getLogger(__name__)


WAYS = ("mail", "push", "webhook")


class NotificationChoices(msgspec.Struct, frozen=True):
    """told: of each kind, whether at all. ways: of each, by which others than the list and the desktop."""

    told: dict[str, bool]
    ways: list[KindChoice]


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

    async def preferences(self) -> NotificationChoices:
        """Of what this account is told, and by which ways beside. Raises Offline, RelayRefused, NotClaimed."""
        relay = self._account.relay()
        told = asdict(await relay.preferences())
        try:
            return NotificationChoices(told, (await relay.channels()).kinds)
        except RelayRefused as refused:  # an older relay knows of no ways
            if refused.status != HTTPStatus.NOT_FOUND:
                raise
            return NotificationChoices(told, [])

    async def prefer(self, told: Mapping[str, bool], by: Sequence[str]) -> NotificationChoices:
        """told: of some kinds, whether from now on; by: by those ways, or at all. Raises UsageError for what is none of them; Offline,
        RelayRefused, NotClaimed.
        """
        _require(told, NotificationPreferences.__struct_fields__, "kind of notification")
        _require(by, WAYS, "way to you")
        relay = self._account.relay()
        if by:
            kinds = [{"kind": kind, **dict.fromkeys(by, is_on)} for kind, is_on in told.items()]
            await relay.choose_channels(msgspec.convert({"kinds": kinds}, DeliveryPreferencesEdit))
        else:
            await relay.prefer(msgspec.convert(dict(told), PreferencesEdit))
        return await self.preferences()


def _require(said: Iterable[str], known: Sequence[str], noun: str) -> None:
    """Raises UsageError."""
    if unknown := [each for each in said if each not in known]:
        raise UsageError(f"“{unknown[0]}” is no {noun}.", f"Say some of: {', '.join(known)}.")
