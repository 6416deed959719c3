"""What is said on an accepted WebSocket: Hello, Connect, Connected, then one task reads. Another writes while there is need.

What is sent and to whom is the hub's business; this file only moves frames. [loop]
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from relay.core.access import Actor
from relay.core.buckets import Limit, full, spend
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.clock import new_id, now_us
from relay.features.devices.api import Tokens
from relay.features.live.encoding import Encoded, Encoding
from relay.features.live.hub import Connection, Hub
from relay.features.live.presence import PresenceBoard
from relay.features.live.recovery import LAST, Place, write_cursor
from relay.features.live.service import Live
from relay.features.live.watchers import Watchers
from relay.wire.events import (
    CLOSE_BAD_MESSAGE,
    CONNECT_LIMIT_MS,
    MAX_FRAME_BYTES,
    STATUSES,
    Connect,
    Error,
    Frames,
    FromClient,
    FromRelay,
    Hello,
    Ping,
    Pong,
    Presence,
    Refresh,
    Refreshed,
    Watch,
)

Message = MutableMapping[str, Any]  # ASGI's own type
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
WriteNow = Callable[[bytes, bool], bool]

SERVER = "sidechain-relay/2"
INBOUND = Limit(60, 3_000_000)  # 20 messages a second, bursts of 60
CLOSE_WAIT_S = 1.0
_FRAMES = {Encoding.JSON: Frames(json=True), Encoding.MSGPACK: Frames(json=False)}


def _never(_: bytes, __: bool) -> bool:
    """Of a server that has no such way."""
    return False


class Ended(Exception):
    """The client is gone."""


class BadMessage(Exception):
    """The client sent what no client of ours sends. reason: a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Shared(Protocol):
    """What the conversations of a process have in common."""

    hub: Hub
    live: Live
    presence: PresenceBoard
    watchers: Watchers
    tokens: Tokens


class Conversation:
    """An accepted connection and its two directions; the writer of its outbox.

    write_now: a whole message, and whether it is text: whether it went out.
    """

    __slots__ = (
        "_actor",
        "_all",
        "_asgi_send",
        "_bucket",
        "_epoch",
        "_reading",
        "_receive",
        "_writing",
        "connection",
        "write_now",
    )

    def __init__(
        self,
        all_of_them: "Shared",
        connection: Connection,
        actor: Actor,
        receive: Receive,
        send: Send,
        write_now: WriteNow | None = None,
    ) -> None:
        self._all = all_of_them
        self.connection = connection
        self._actor = actor
        self._receive = receive
        self._asgi_send = send
        self.write_now: WriteNow = write_now or _never
        self._bucket = full(INBOUND, now_us())
        self._reading: asyncio.Timeout | None = None
        self._writing: asyncio.Task[None] | None = None
        self._epoch = ""  # epoch of the snapshot

    async def run(self) -> None:
        outbox = self.connection.outbox
        try:
            if outbox.closing is None:
                await self._greet()
        except (Ended, TimeoutError, BadMessage) as error:
            if isinstance(error, Ended):
                return
            reason = error.reason if isinstance(error, BadMessage) else "No Connect came in time."
            outbox.close(CLOSE_BAD_MESSAGE, reason)
        try:
            await self._read_all()
        finally:
            outbox.end()
            self._reading = None
            if self._writing is not None:
                self._writing.cancel()
                await asyncio.gather(self._writing, return_exceptions=True)
        if outbox.closing is not None:
            with suppress(TimeoutError, Ended):
                async with asyncio.timeout(CLOSE_WAIT_S):
                    await self._send(
                        {
                            "type": "websocket.close",
                            "code": outbox.closing.code,
                            "reason": outbox.closing.reason,
                        }
                    )

    async def _greet(self) -> None:
        await self._send_now(Hello(session=new_id(), server=SERVER))
        async with asyncio.timeout(CONNECT_LIMIT_MS / 1000):
            first, *rest = await self._receive_messages()
        if not isinstance(first, Connect) or rest:
            raise BadMessage("The first message is Connect, alone.")
        live = self._all.live
        snapshot = await live.snapshot(self.connection, first)
        if self.connection.outbox.closing is not None:
            return  # its sign-in was ended meanwhile
        self._epoch = snapshot.cursor.partition(".")[0]
        await self._send_now(live.connected(snapshot, self.connection.encoding))
        self._all.hub.go_live(self.connection, snapshot.entry)
        self.connection.expires_us = self._actor.expires_us

    async def _read_all(self) -> None:
        """Until the client is gone, or there is nothing more to say to it (_write_all says so)."""
        outbox = self.connection.outbox
        with suppress(Ended, TimeoutError):
            async with asyncio.timeout(None) as self._reading:
                outbox.goes_to(self)
                try:
                    while True:
                        for message in await self._receive_messages():
                            self._take(message)
                except BadMessage as error:
                    outbox.close(CLOSE_BAD_MESSAGE, error.reason)
                if self._writing is not None:  # nothing more is read, but what waits still goes out
                    await asyncio.wait((self._writing,))

    def _read_until(self, in_s: float) -> None:
        if self._reading is not None and not self._reading.expired():
            self._reading.reschedule(asyncio.get_running_loop().time() + in_s)

    # the writer of the outbox -------------------------------------------------------------------------------------

    def wake(self) -> None:
        """A task of its own writes while something waits: most connections are idle, and then it is not there."""
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())

    def give_up(self) -> None:
        self._read_until(CLOSE_WAIT_S)

    async def _write_all(self) -> None:
        """Until nothing waits. After the last word nothing is read any more, nor from who is gone."""
        outbox, is_over = self.connection.outbox, True
        try:
            with suppress(Ended):
                while (data := outbox.next_frame()) is not None:
                    await self._send_bytes(data)
                    outbox.sent()
                is_over = outbox.closing is not None
        finally:
            self._writing = None
            if is_over:
                self._read_until(0.0)

    # messages -----------------------------------------------------------------------------------------------------

    def _take(self, message: FromClient | None) -> None:
        connection, presence = self.connection, self._all.presence
        match message:
            case None:  # of a later version: said, and passed over
                connection.outbox.offer(
                    Encoded(Error(code="unknown_type", message="This message is not known here."))
                )
            case Ping(r=r):
                connection.outbox.offer(Encoded(Pong(r=r, cursor=self._place())))
            case Presence(status=status) if status not in STATUSES:  # of a later version, too
                connection.outbox.offer(
                    Encoded(Error(code="unknown_status", message="This status is not known here."))
                )
            case Presence():
                presence.say(connection, message)
            case Watch(post_id=post_id):
                self._all.watchers.watch(connection, post_id)
            case Refresh(access_token=token):
                self._refresh(token)
            case Connect():
                raise BadMessage("Connect comes once.")
        presence.renew(connection)

    def _place(self) -> str | None:
        """Where the account stands, behind all that waits to be sent; None while it has not caught up."""
        if self.connection.joining is not None:
            return None
        return write_cursor(self._epoch, Place(self._all.hub.applied, LAST))

    def _refresh(self, token: str) -> None:
        try:
            actor = self._all.tokens.check(token)
        except Refusal as refusal:
            raise BadMessage(refusal.detail) from None
        if (actor.user_id, actor.device_id) != (self.connection.account_id, self.connection.device):
            raise BadMessage("This token is somebody else's, or another device's.")
        self.connection.family_id = actor.family_id
        self.connection.expires_us = actor.expires_us
        self.connection.outbox.offer(Encoded(Refreshed(expires_at=rfc3339(actor.expires_us))))

    # frames -------------------------------------------------------------------------------------------------------

    async def _receive_messages(self) -> list[FromClient | None]:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise Ended
        data: bytes | str = message.get("bytes") or message.get("text") or b""
        if len(data) > MAX_FRAME_BYTES:
            raise BadMessage(f"A frame has at most {MAX_FRAME_BYTES} bytes.")
        try:
            frame = data if isinstance(data, bytes) else data.encode()
            messages = _FRAMES[self.connection.encoding].of_client(frame)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            raise BadMessage("This frame cannot be read.") from None
        for _ in messages:
            spent = spend(self._bucket, INBOUND, now_us())
            self._bucket = spent.bucket
            if not spent.allowed:
                raise BadMessage("More than 20 messages a second.")
        return messages

    async def _send_now(self, message: FromRelay) -> None:
        await self._send_bytes(self.connection.outbox.numbered(Encoded(message)))

    async def _send_bytes(self, data: bytes) -> None:
        if self.connection.encoding is Encoding.JSON:
            await self._send({"type": "websocket.send", "text": data.decode()})
        else:
            await self._send({"type": "websocket.send", "bytes": data})

    async def _send(self, message: Message) -> None:
        try:
            await self._asgi_send(message)
        except (OSError, RuntimeError) as error:  # uvicorn: the peer is gone, or the close is already out
            raise Ended from error
