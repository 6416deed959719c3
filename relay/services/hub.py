"""The hub: who is connected, what each listens to, and the bounded outbox of each. In this process, no sockets.

An event is encoded once per encoding, whatever the number of listeners; each outbox holds references to the same
bytes. A reader that does not keep up is told to go (SLOW) and recovers by offset when it comes back: the hub never
waits for anybody. Effects arrive in commit order, so a channel's offsets reach each connection in order. [loop]
"""

from collections.abc import Callable, Iterable
from enum import Enum

import msgspec

from relay.core.presence import Leases, Visible
from relay.core.recovery import Effect, after_snapshot
from relay.core.times import rfc3339
from relay.services.events import Appended, Followed, Revoked, Row, Unfollowed, absolute, author_channel
from relay.services.waiting import Flag
from relay.wire.events import (
    CLOSE_REVOKED,
    CLOSE_SHUTDOWN,
    CLOSE_SLOW,
    MAX_BATCH,
    SLOW_READER_BYTES,
    ChannelAdded,
    ChannelRemoved,
    Disconnect,
    Event,
    FeedNewPost,
    FromRelay,
    PresenceUpdate,
)

GLOBAL_FEED = "feed:global"
FRIENDS = "presence:friends"
MAX_CONNECTIONS_PER_ACCOUNT = 10


class Encoding(Enum):
    JSON = "json"
    MSGPACK = "msgpack"


_ENCODERS: dict[Encoding, msgspec.json.Encoder | msgspec.msgpack.Encoder] = {
    Encoding.JSON: msgspec.json.Encoder(),
    Encoding.MSGPACK: msgspec.msgpack.Encoder(),
}


def frame(encoding: Encoding, messages: list[bytes]) -> bytes:
    """An array of 1..MAX_BATCH already encoded messages."""
    if encoding is Encoding.JSON:
        return b"[" + b",".join(messages) + b"]"
    count = len(messages)
    head = bytes([0x90 | count]) if count < 16 else b"\xdc" + count.to_bytes(2, "big")
    return head + b"".join(messages)


class Encoded:
    """One message and its bytes in each encoding somebody asked for."""

    def __init__(self, message: FromRelay) -> None:
        self._message = message
        self._bytes: dict[Encoding, bytes] = {}

    def as_bytes(self, encoding: Encoding) -> bytes:
        if (found := self._bytes.get(encoding)) is None:
            found = self._bytes[encoding] = _ENCODERS[encoding].encode(self._message)
        return found


class Outbox:
    """What waits for one connection. Closing lets what is inside go out first, except for a slow reader.

    on_slow: called when the reader is given up, of whom it may be that a write hangs.
    """

    __slots__ = (
        "_encoding", "_gone", "_limit_bytes", "_ready", "_waiting", "_waiting_bytes", "closing", "on_slow",
    )  # fmt: skip

    def __init__(self, encoding: Encoding, limit_bytes: int = SLOW_READER_BYTES) -> None:
        self._encoding = encoding
        self._limit_bytes = limit_bytes
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._ready = Flag()
        self.on_slow: Callable[[], None] = _nothing
        self.closing: Disconnect | None = None
        self._gone = False

    def offer(self, message: Encoded) -> None:
        """Queue it, or give the reader up as slow. Never waits."""
        if self.closing is not None:
            return
        data = message.as_bytes(self._encoding)
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > self._limit_bytes:
            self._waiting.clear()
            self._waiting_bytes = 0
            self.on_slow()
            self.close(CLOSE_SLOW, "You read more slowly than things happen.", retry_after_ms=2_000)
        self._ready.set()

    def close(self, code: int, reason: str, retry_after_ms: int | None = None) -> None:
        if self.closing is None:
            self.closing = Disconnect(code=code, reason=reason, retry_after_ms=retry_after_ms)
            last = Encoded(self.closing).as_bytes(self._encoding)
            self._waiting.append(last)
            self._waiting_bytes += len(last)
            self._ready.set()

    def gone(self) -> None:
        """The client left by itself: nothing more goes out."""
        self._gone = True
        self._waiting.clear()
        self._ready.set()

    async def next_frame(self) -> bytes | None:
        """Up to MAX_BATCH messages as one frame, the oldest first; None after the last of a closed outbox."""
        while not self._waiting:
            if self._gone or self.closing is not None:
                return None
            self._ready.clear()
            await self._ready.wait()
        batch = self._waiting[:MAX_BATCH]
        del self._waiting[:MAX_BATCH]
        self._waiting_bytes -= sum(map(len, batch))
        return frame(self._encoding, batch)


def _nothing() -> None:
    """Nobody has to be told."""


class Connection:
    """One socket of one account. device: what presence leases hang on, None for a browser."""

    __slots__ = ("account_id", "channels", "device", "encoding", "family_id", "joining", "outbox")

    def __init__(
        self, *, account_id: str, device: str | None, family_id: str | None, encoding: Encoding
    ) -> None:
        self.account_id = account_id
        self.device = device
        self.family_id = family_id
        self.encoding = encoding
        self.outbox = Outbox(encoding)
        self.channels: set[str] = set()
        self.joining: list[Effect] | None = None


class Hub:
    """base_url: made part of the URLs in posts."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._connections: set[Connection] = set()
        self._of_account: dict[str, set[Connection]] = {}
        self._listeners: dict[str, set[Connection]] = {}
        self._usernames: dict[str, str] = {}
        self.leases = Leases()

    # connections --------------------------------------------------------------------------------------------------

    def has_room(self, account_id: str) -> bool:
        return len(self._of_account.get(account_id, ())) < MAX_CONNECTIONS_PER_ACCOUNT

    def register(self, connection: Connection, username: str) -> None:
        """From here on every effect is kept for the connection until it goes live."""
        connection.joining = []
        self._usernames[connection.account_id] = username
        self._connections.add(connection)
        self._of_account.setdefault(connection.account_id, set()).add(connection)

    def go_live(self, connection: Connection, channels: Iterable[str], snapshot_commit: int) -> None:
        """The snapshot has been sent: apply what committed after it, and everything from now on."""
        for ch in channels:
            self._listen(connection, ch)
        kept, connection.joining = connection.joining or [], None
        for effect in after_snapshot(kept, snapshot_commit):
            self._apply(effect, [connection])

    def remove(self, connection: Connection, now_us: int) -> None:
        """It is gone. Its presence lives on for the grace time, unless its device is here by another connection."""
        self._connections.discard(connection)
        others = self._of_account.get(connection.account_id, set())
        others.discard(connection)
        if not others:
            self._of_account.pop(connection.account_id, None)
        for ch in list(connection.channels):
            self._ignore(connection, ch)
        if connection.device is not None and all(each.device != connection.device for each in others):
            self.leases.leave(connection.account_id, connection.device, now_us)

    def close_all(self) -> None:
        """The relay goes down; clients come back after a while, not all at once."""
        for index, connection in enumerate(list(self._connections)):
            connection.outbox.close(
                CLOSE_SHUTDOWN, "The relay restarts.", retry_after_ms=500 + index * 37 % 15_000
            )

    def __len__(self) -> int:
        return len(self._connections)

    # effects ------------------------------------------------------------------------------------------------------

    def commit(self, effects: list[Effect]) -> None:
        """What just committed, in order."""
        for connection in self._connections:
            if connection.joining is not None:
                connection.joining += effects
        for effect in effects:
            self._apply(effect, None)

    def _apply(self, effect: Effect, only: list[Connection] | None) -> None:
        """To every live connection it concerns, or to those of `only` it concerns."""
        match effect:
            case Appended(row=row):
                self._send_row(row, only)
            case Followed():
                self._followed(effect, only)
            case Unfollowed(follower_id=follower, followee_id=followee):
                gone = Encoded(ChannelRemoved(ch=author_channel(followee)))
                for connection in self._live_of(follower, only):
                    self._ignore(connection, author_channel(followee))
                    connection.outbox.offer(gone)
            case Revoked(family_id=family_id):
                for connection in list(self._connections):
                    if connection.family_id == family_id:
                        connection.outbox.close(CLOSE_REVOKED, "This sign-in was ended.")

    def _send_row(self, row: Row, only: list[Connection] | None) -> None:
        payload, ts = absolute(row.payload, self._base_url), rfc3339(row.at_us)
        self._send(row.ch, Encoded(Event(ch=row.ch, o=row.off, id=row.id, ts=ts, d=payload)), only)
        if isinstance(payload, FeedNewPost):
            self._send(GLOBAL_FEED, Encoded(Event(ch=GLOBAL_FEED, o=0, id=row.id, ts=ts, d=payload)), only)

    def _followed(self, effect: Followed, only: list[Connection] | None) -> None:
        ch = author_channel(effect.followee_id)
        added = Encoded(ChannelAdded(ch=ch, epoch=effect.epoch, head=effect.head))
        for connection in self._live_of(effect.follower_id, only):
            self._listen(connection, ch)
            connection.outbox.offer(added)

    def _send(self, ch: str, message: Encoded, only: list[Connection] | None) -> None:
        listeners = self._listeners.get(ch)
        if not listeners:
            return
        for connection in listeners if only is None else listeners.intersection(only):
            connection.outbox.offer(message)

    def _live_of(self, account_id: str, only: list[Connection] | None) -> list[Connection]:
        mine = self._of_account.get(account_id, set())
        return [each for each in mine if each.joining is None and (only is None or each in only)]

    def _listen(self, connection: Connection, ch: str) -> None:
        connection.channels.add(ch)
        self._listeners.setdefault(ch, set()).add(connection)

    def _ignore(self, connection: Connection, ch: str) -> None:
        connection.channels.discard(ch)
        listeners = self._listeners.get(ch, set())
        listeners.discard(connection)
        if not listeners:
            self._listeners.pop(ch, None)

    # presence -----------------------------------------------------------------------------------------------------

    def say(
        self, connection: Connection, *, status: str, daw: str | None, bpm: float | None, now_us: int
    ) -> None:
        """A device says what it does. Browsers have no presence."""
        if connection.device is not None:
            update = self.leases.say(
                connection.account_id, connection.device, status=status, daw=daw, bpm=bpm, now_us=now_us
            )
            self._send_presence([update] if update else [], now_us)

    def tick(self, now_us: int) -> None:
        """Once a second: leases that ended."""
        self._send_presence(self.leases.expire(now_us), now_us)

    def presence_of(self, account_id: str, username: str, now_us: int) -> PresenceUpdate:
        self._usernames.setdefault(account_id, username)
        return self._presence(self.leases.visible(account_id, now_us))

    def _send_presence(self, updates: list[Visible], now_us: int) -> None:
        for update in updates:
            # Whoever listens to an author's posts follows them, and followers see presence.
            event = Event(
                ch=FRIENDS,
                o=0,
                id=f"{now_us:032x}",
                ts=rfc3339(now_us),
                d=self._presence(update),
            )
            message = Encoded(event)
            for connection in self._listeners.get(author_channel(update.user_id), set()):
                if connection.account_id != update.user_id:
                    connection.outbox.offer(message)

    def _presence(self, seen: Visible) -> PresenceUpdate:
        return PresenceUpdate(
            user_id=seen.user_id,
            username=self._usernames[seen.user_id],
            status=seen.status,
            daw=seen.daw,
            bpm=seen.bpm,
            since=rfc3339(seen.since_us),
        )
