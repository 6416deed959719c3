"""Presence in this process: what devices say, who becomes visible as what, and telling it to those who follow them."""

from collections.abc import Iterable

from msgspec import Raw

from relay.core.presence import OFFLINE, Leases, Visible
from relay.core.times import rfc3339
from relay.engine.clock import new_id, now_us
from relay.features.live.encoding import Encoding, encode
from relay.features.live.hub import Connection, Hub
from relay.wire.events import MAX_PRESENCE, Event, Presence, PresenceUpdate


class _Update:
    """A live-only event, encoded once per encoding."""

    __slots__ = ("_encoded", "_update")

    def __init__(self, update: PresenceUpdate) -> None:
        self._update = update
        self._encoded: dict[Encoding, bytes] = {}

    def as_bytes(self, encoding: Encoding) -> bytes:
        if (found := self._encoded.get(encoding)) is None:
            payload = Raw(encode(encoding, self._update))
            event = Event(id=new_id(), ts=rfc3339(now_us()), d=payload)
            found = self._encoded[encoding] = encode(encoding, event)
        return found


class PresenceBoard:
    """[loop]"""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._usernames: dict[str, str] = {}
        self.leases = Leases()
        hub.on_followed = self._followed
        hub.on_parted = self._parted

    def is_live(self, account_id: str) -> bool:
        """Whether somebody makes music right now."""
        return self.leases.visible(account_id, now_us()).status not in (OFFLINE, "away")

    def arrived(self, account_id: str, username: str) -> None:
        """An account connects: this is what it is called."""
        self._usernames[account_id] = username

    def say(self, connection: Connection, said: Presence) -> None:
        """A device says what it does. Browsers have no presence."""
        if connection.device is not None:
            update = self.leases.say(
                connection.account_id,
                connection.device,
                status=said.status,
                daw=said.daw,
                bpm=said.bpm,
                now_us=now_us(),
            )
            self._tell([update] if update else [])

    def renew(self, connection: Connection) -> None:
        """Any other sign of life."""
        if connection.device is not None:
            self.leases.renew(connection.account_id, connection.device, now_us())

    def left(self, connection: Connection) -> None:
        """The last connection of a device is gone; its presence lives on for the grace time."""
        if connection.device is not None:
            self.leases.leave(connection.account_id, connection.device, now_us())

    async def expire(self) -> None:
        """Leases that ended. Once a second."""
        self._tell(self.leases.expire(now_us()))

    def of(self, people: Iterable[tuple[str, str]]) -> list[PresenceUpdate]:
        """What people do who do something, by id and name; at most MAX_PRESENCE, who began last first."""
        found: list[PresenceUpdate] = []
        for account_id, username in people:
            self._usernames.setdefault(account_id, username)
            seen = self.leases.visible(account_id, now_us())
            if seen.status != OFFLINE:
                found.append(self._update(seen))
        return sorted(found, key=lambda each: each.since, reverse=True)[:MAX_PRESENCE]

    def _followed(self, connection: Connection, followee_id: str) -> None:
        """Who begins to follow somebody sees what they do, without connecting anew."""
        seen = self.leases.visible(followee_id, now_us())
        if seen.status != OFFLINE and followee_id in self._usernames:
            connection.outbox.offer(_Update(self._update(seen)))

    def _parted(self, connection: Connection, followee_id: str) -> None:
        if followee_id in self._usernames:
            gone = Visible(user_id=followee_id, status=OFFLINE, since_us=now_us())
            connection.outbox.offer(_Update(self._update(gone)))

    def _tell(self, updates: Iterable[Visible]) -> None:
        for update in updates:
            self._hub.tell_followers(update.user_id, _Update(self._update(update)))

    def _update(self, seen: Visible) -> PresenceUpdate:
        return PresenceUpdate(
            user_id=seen.user_id,
            username=self._usernames[seen.user_id],
            status=seen.status,
            daw=seen.daw,
            bpm=seen.bpm,
            since=rfc3339(seen.since_us),
        )
