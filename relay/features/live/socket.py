"""The WebSocket `/api/v1/ws` as a plain ASGI application: handshake, Connect, then two loops and a deadline.

What is sent and to whom is the hub's business; this file only moves frames. [loop]
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import msgspec

from relay.core.access import Action, Actor, admit
from relay.core.buckets import Limit, full, spend
from relay.core.limits import Kind, Open
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.at_once import AtOnce
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection as Reader
from relay.engine.database import Database, DatabaseBusy
from relay.engine.limits import SharedLimits
from relay.features.accounts import api as accounts
from relay.features.devices.api import Families, Tokens
from relay.features.live.encoding import Encoded, Encoding
from relay.features.live.hub import Connection, Hub
from relay.features.live.presence import PresenceBoard
from relay.features.live.recovery import LAST, Place
from relay.features.live.recovery import write_cursor as write_place
from relay.features.live.service import Live
from relay.features.live.tickets import Tickets
from relay.wire.events import (
    CLOSE_BAD_MESSAGE,
    CLOSE_EXPIRED,
    CLOSE_REVOKED,
    CONNECT_LIMIT_MS,
    MAX_FRAME_BYTES,
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
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
)
from relay.wire.rest import Producer

Message = MutableMapping[str, Any]  # ASGI's own type
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Refuse = Callable[[Message, Send, Refusal], Awaitable[None]]
IsOurs = Callable[[str, str], bool]

SERVER = "sidechain-relay/2"
INBOUND = Limit(60, 3_000_000)  # 20 messages a second, bursts of 60
CLOSE_WAIT_S = 1.0
RETRY_S = 2
_SUBPROTOCOLS = {SUBPROTOCOL_JSON: Encoding.JSON, SUBPROTOCOL_MSGPACK: Encoding.MSGPACK}
_FRAMES = {Encoding.JSON: Frames(json=True), Encoding.MSGPACK: Frames(json=False)}


class Ended(Exception):
    """The client is gone."""


class BadMessage(Exception):
    """The client sent what no client of ours sends. reason: a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Sockets:
    """All WebSockets of this process. is_ours: whether an Origin, of a request to a Host, is one of our own pages.

    refuse: answers the handshake with a problem document. stranger: counts an address that shows what is worth nothing.
    """

    def __init__(
        self,
        *,
        db: Database,
        hub: Hub,
        live: Live,
        presence: PresenceBoard,
        tokens: Tokens,
        families: Families,
        tickets: Tickets,
        limits: SharedLimits,
        at_once: AtOnce,
        is_ours: IsOurs,
        refuse: Refuse,
        stranger: Callable[[str], None],
    ) -> None:
        self.db = db
        self.hub = hub
        self.live = live
        self.presence = presence
        self.tokens = tokens
        self._families = families
        self._tickets = tickets
        self._limits = limits
        self._at_once = at_once
        self._is_ours = is_ours
        self._refuse = refuse
        self._stranger = stranger

    async def serve(self, scope: Message, receive: Receive, send: Send) -> None:
        """One connection, from handshake to close."""
        await receive()  # websocket.connect
        address = _address(scope)
        try:
            self._at_once.require(Open.SOCKET, address)
            try:
                await self._serve(scope, receive, send)
            finally:
                self._at_once.leave(Open.SOCKET, address)
        except Refusal as refusal:
            await self._refuse(scope, send, refusal)
        except DatabaseBusy:
            busy = "The relay's database cannot serve now."
            await self._refuse(scope, send, Refusal("busy", busy, "Try again soon.", retry_after_s=RETRY_S))

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        """Raises Refusal and DatabaseBusy, before the handshake is answered."""
        actor, subprotocol = await self._open(scope)
        connection = self._take_place(actor, _SUBPROTOCOLS[subprotocol])
        try:
            user = await self.db.read(lambda db: _who(db, actor))
        except BaseException:
            self.hub.remove(connection)
            raise
        self.presence.arrived(user.id, user.username)
        await send({"type": "websocket.accept", "subprotocol": subprotocol})
        try:
            await _Socket(self, connection, actor, receive, send).run()
        finally:
            if not self.hub.remove(connection):
                self.presence.left(connection)

    async def _open(self, scope: Message) -> tuple[Actor, str]:
        """Who connects, speaking what. Raises Refusal."""
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        origin = headers.get("origin")
        if origin is not None and not self._is_ours(origin, headers.get("host", "")):
            raise Refusal("forbidden", "WebSockets are opened from our own pages and by daemons.")
        try:
            actor = await self._actor(headers, parse_qs(scope["query_string"].decode("latin-1")))
            admit(actor, Action.SOCKET_OPEN)
        except Refusal:
            self._stranger(_address(scope))
            raise
        self._limits.require(Kind.SOCKET, actor.account_id, now_us(), "This account connects too often.")
        spoken = [each for each in scope.get("subprotocols", []) if each in _SUBPROTOCOLS]
        if not spoken:
            raise Refusal("malformed", f"Speak {SUBPROTOCOL_JSON} or {SUBPROTOCOL_MSGPACK}.")
        return actor, spoken[0]

    async def _actor(self, headers: dict[str, str], query: dict[str, list[str]]) -> Actor:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            actor = self.tokens.check(token.strip())
            await self._families.confirm(actor)
            return actor
        if "ticket" in query:
            taken = await self._tickets.take(query["ticket"][0])
            if taken is None:
                raise Refusal("token_invalid", "This ticket is unknown, used or too old.", "Fetch a new one.")
            return taken
        return Actor()

    def _take_place(self, actor: Actor, encoding: Encoding) -> Connection:
        """Checked and taken in one step: nothing is awaited between. Raises Refusal: rate_limited."""
        if not self.hub.has_room(actor.account_id):
            raise Refusal(
                "rate_limited", "This account has too many connections.", "Close one.", retry_after_s=30
            )
        connection = Connection(
            account_id=actor.account_id,
            device=actor.device_id,
            family_id=actor.family_id,
            session_id=actor.session_id,
            encoding=encoding,
        )
        self.hub.register(connection)
        if (
            actor.family_id in self.tokens.revoked
        ):  # since the token was looked at; who was not here was not told
            connection.outbox.close(CLOSE_REVOKED, "This sign-in was ended.")
        return connection


def _who(db: Reader, actor: Actor) -> Producer:
    """Whose connection it is. Asked once the hub has it: a browser that signs out later is told, one that did is not.

    Raises Refusal: not_found, token_invalid.
    """
    if actor.session_id is not None and not accounts.session_lives(db, actor.session_id):
        raise Refusal("token_invalid", "This browser was signed out.", "Sign in again.")
    return accounts.profile(db, actor.account_id)


def _address(scope: Message) -> str:
    return scope["client"][0] if scope.get("client") else "unknown"


class _Socket:
    """An accepted connection and its two directions."""

    __slots__ = ("_actor", "_all", "_asgi_send", "_bucket", "_connection", "_epoch", "_expiry", "_receive")

    def __init__(
        self, all_of_them: Sockets, connection: Connection, actor: Actor, receive: Receive, send: Send
    ) -> None:
        self._all = all_of_them
        self._connection = connection
        self._actor = actor
        self._receive = receive
        self._asgi_send = send
        self._bucket = full(INBOUND, now_us())
        self._expiry: asyncio.TimerHandle | None = None
        self._epoch = ""  # epoch of the snapshot

    async def run(self) -> None:
        outbox = self._connection.outbox
        try:
            if outbox.closing is None:
                await self._greet()
        except (Ended, TimeoutError, BadMessage) as error:
            if isinstance(error, Ended):
                return
            reason = error.reason if isinstance(error, BadMessage) else "No Connect came in time."
            outbox.close(CLOSE_BAD_MESSAGE, reason)
        reading = asyncio.create_task(self._read_all())
        try:
            await self._write_all()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            if self._expiry is not None:
                self._expiry.cancel()
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
        snapshot = await live.snapshot(self._connection, first)
        if self._connection.outbox.closing is not None:
            return  # its sign-in was ended meanwhile
        self._epoch = snapshot.cursor.partition(".")[0]
        await self._send_now(live.connected(snapshot, self._connection.encoding))
        self._all.hub.go_live(self._connection, snapshot.entry)
        self._expire_at(self._actor.expires_us)

    async def _read_all(self) -> None:
        outbox = self._connection.outbox
        try:
            while True:
                for message in await self._receive_messages():
                    self._take(message)
        except Ended:
            outbox.gone()
        except BadMessage as error:
            outbox.close(CLOSE_BAD_MESSAGE, error.reason)

    async def _write_all(self) -> None:
        """Until there is nothing more to say, or it is not read: then the write that hangs is given up, too."""
        loop, outbox = asyncio.get_running_loop(), self._connection.outbox
        with suppress(Ended, TimeoutError):
            async with asyncio.timeout(None) as limit:
                outbox.on_slow = lambda: limit.reschedule(loop.time() + CLOSE_WAIT_S)
                while (data := await outbox.next_frame()) is not None:
                    await self._send_bytes(data)

    def _take(self, message: FromClient | None) -> None:
        connection, presence = self._connection, self._all.presence
        match message:
            case None:  # of a later version: said, and passed over
                connection.outbox.offer(
                    Encoded(Error(code="unknown_type", message="This message is not known here."))
                )
            case Ping(r=r):
                connection.outbox.offer(Encoded(Pong(r=r, cursor=self._place())))
            case Presence():
                presence.say(connection, message)
            case Refresh(access_token=token):
                self._refresh(token)
            case Connect():
                raise BadMessage("Connect comes once.")
        presence.renew(connection)

    def _place(self) -> str | None:
        """Where the account stands, behind all that waits to be sent; None while it has not caught up."""
        if self._connection.joining is not None:
            return None
        return write_place(self._epoch, Place(self._all.hub.applied, LAST))

    def _refresh(self, token: str) -> None:
        try:
            actor = self._all.tokens.check(token)
        except Refusal as refusal:
            raise BadMessage(refusal.detail) from None
        if (actor.user_id, actor.device_id) != (self._connection.account_id, self._connection.device):
            raise BadMessage("This token is somebody else's, or another device's.")
        self._connection.family_id = actor.family_id
        self._expire_at(actor.expires_us)
        self._connection.outbox.offer(Encoded(Refreshed(expires_at=rfc3339(actor.expires_us))))

    def _expire_at(self, until_us: int) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        delay_s = max(0.0, (until_us - now_us()) / 1_000_000)
        self._expiry = asyncio.get_running_loop().call_later(
            delay_s, self._connection.outbox.close, CLOSE_EXPIRED, "The access token has ended."
        )

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
            messages = _FRAMES[self._connection.encoding].of_client(frame)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            raise BadMessage("This frame cannot be read.") from None
        for _ in messages:
            spent = spend(self._bucket, INBOUND, now_us())
            self._bucket = spent.bucket
            if not spent.allowed:
                raise BadMessage("More than 20 messages a second.")
        return messages

    async def _send_now(self, message: FromRelay) -> None:
        await self._send_bytes(self._connection.outbox.numbered(Encoded(message)))

    async def _send_bytes(self, data: bytes) -> None:
        if self._connection.encoding is Encoding.JSON:
            await self._send({"type": "websocket.send", "text": data.decode()})
        else:
            await self._send({"type": "websocket.send", "bytes": data})

    async def _send(self, message: Message) -> None:
        try:
            await self._asgi_send(message)
        except (OSError, RuntimeError) as error:  # uvicorn: the peer is gone, or the close is already out
            raise Ended from error
