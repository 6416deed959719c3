"""The WebSocket `/api/v1/ws` as a plain ASGI application: handshake, Connect, then two loops and a deadline.

What is sent and to whom is the hub's business; this file only moves frames. [loop]
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import msgspec

from relay.app.gate import count_stranger
from relay.app.parts import Parts
from relay.app.problems import MEDIA_TYPE, problem
from relay.app.throttle import Kind
from relay.core.access import Action, Actor, admit
from relay.core.buckets import Limit, full, spend
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.services.clock import new_id, now_us
from relay.services.hub import Connection, Encoded, Encoding, frame
from relay.wire.events import (
    CLOSE_BAD_MESSAGE,
    CLOSE_EXPIRED,
    CLOSE_REVOKED,
    CONNECT_LIMIT_MS,
    MAX_FRAME_BYTES,
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    ClientFrame,
    Connect,
    FromRelay,
    Hello,
    Ping,
    Pong,
    Presence,
    Refresh,
    Refreshed,
)

Message = MutableMapping[str, Any]  # ASGI's own type
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SERVER = "sidechain-relay/1"
INBOUND = Limit(60, 3_000_000)  # 20 messages a second, bursts of 60
CLOSE_WAIT_S = 1.0
_SUBPROTOCOLS = {SUBPROTOCOL_JSON: Encoding.JSON, SUBPROTOCOL_MSGPACK: Encoding.MSGPACK}
_DECODERS: dict[Encoding, msgspec.json.Decoder[ClientFrame] | msgspec.msgpack.Decoder[ClientFrame]] = {
    Encoding.JSON: msgspec.json.Decoder(ClientFrame),
    Encoding.MSGPACK: msgspec.msgpack.Decoder(ClientFrame),
}


class Ended(Exception):
    """The client is gone."""


class BadMessage(Exception):
    """The client sent what no client of ours sends. reason: a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def serve(parts: Parts, scope: Message, receive: Receive, send: Send) -> None:
    """One connection, from handshake to close."""
    await receive()  # websocket.connect
    try:
        try:
            actor, subprotocol = _open(parts, scope)
        except Refusal:
            count_stranger(parts, scope["client"][0] if scope.get("client") else "unknown")
            raise
        user = await parts.accounts.profile(str(actor.user_id))
    except Refusal as refusal:
        await _refuse(scope, send, refusal)
        return
    await send({"type": "websocket.accept", "subprotocol": subprotocol})
    connection = Connection(
        account_id=user.id,
        device=actor.device_id,
        family_id=actor.family_id,
        encoding=_SUBPROTOCOLS[subprotocol],
    )
    socket = _Socket(parts, connection, actor, receive, send)
    parts.hub.register(connection, user.username)
    if (
        actor.family_id in parts.tokens.revoked
    ):  # since the token was looked at; who was not here was not told
        connection.outbox.close(CLOSE_REVOKED, "This sign-in was ended.")
    try:
        await socket.run()
    finally:
        parts.hub.remove(connection, now_us())


def _open(parts: Parts, scope: Message) -> tuple[Actor, str]:
    """Who connects, speaking what. Raises Refusal."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    origin = headers.get("origin")
    loopback_name = parts.config.dev and origin == f"http://{headers.get('host')}"
    if origin is not None and origin != parts.base_url and not loopback_name:
        raise Refusal("forbidden", "WebSockets are opened from our own pages and by daemons.")
    actor = _actor(parts, headers, parse_qs(scope["query_string"].decode("latin-1")))
    admit(actor, Action.SOCKET_OPEN)
    if not parts.hub.has_room(str(actor.user_id)):
        raise Refusal(
            "rate_limited", "This account has too many connections.", "Close one.", retry_after_s=30
        )
    parts.throttle.require(Kind.SOCKET, str(actor.user_id), now_us(), "This account connects too often.")
    spoken = [each for each in scope.get("subprotocols", []) if each in _SUBPROTOCOLS]
    if not spoken:
        raise Refusal("malformed", f"Speak {SUBPROTOCOL_JSON} or {SUBPROTOCOL_MSGPACK}.")
    return actor, spoken[0]


def _actor(parts: Parts, headers: dict[str, str], query: dict[str, list[str]]) -> Actor:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return parts.tokens.check(token.strip())
    if "ticket" in query:
        actor = parts.tickets.take(query["ticket"][0], now_us())
        if actor is None:
            raise Refusal("token_invalid", "This ticket is unknown, used or too old.", "Fetch a new one.")
        return actor
    return Actor()


async def _refuse(scope: Message, send: Send, refusal: Refusal) -> None:
    """An ordinary HTTP answer instead of the upgrade (the ASGI extension websocket.http.response)."""
    status, headers, body = problem(refusal)
    named = {**headers, "content-type": MEDIA_TYPE, "content-length": str(len(body))}
    raw = [(name.encode(), value.encode()) for name, value in named.items()]
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "websocket.http.response.start", "status": status, "headers": raw})
    await send({"type": "websocket.http.response.body", "body": body})


class _Socket:
    """An accepted connection and its two directions."""

    __slots__ = ("_actor", "_asgi_send", "_bucket", "_connection", "_expiry", "_parts", "_receive")

    def __init__(
        self, parts: Parts, connection: Connection, actor: Actor, receive: Receive, send: Send
    ) -> None:
        self._parts = parts
        self._connection = connection
        self._actor = actor
        self._receive = receive
        self._asgi_send = send
        self._bucket = full(INBOUND, now_us())
        self._expiry: asyncio.TimerHandle | None = None

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
        hello = Hello(session=new_id(), server=SERVER)
        await self._send_frame([hello])
        async with asyncio.timeout(CONNECT_LIMIT_MS / 1000):
            first, *rest = await self._receive_messages()
        if not isinstance(first, Connect) or rest:
            raise BadMessage("The first message is Connect, alone.")
        live = self._parts.live
        snapshot = await live.snapshot(self._connection, first.positions)
        if self._connection.outbox.closing is not None:
            return  # its sign-in was ended meanwhile
        await self._send_frame([live.connected(snapshot)])
        live.go_live(self._connection, snapshot, global_feed=first.global_feed)
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

    def _take(self, message: Connect | Presence | Refresh | Ping) -> None:
        connection, hub = self._connection, self._parts.hub
        now = now_us()
        match message:
            case Ping(r=r):
                connection.outbox.offer(Encoded(Pong(r=r)))
            case Presence(status=status, daw=daw, bpm=bpm):
                hub.say(connection, status=status, daw=daw, bpm=bpm, now_us=now)
            case Refresh(access_token=token):
                self._refresh(token)
            case Connect():
                raise BadMessage("Connect comes once.")
        if connection.device is not None:
            hub.leases.renew(connection.account_id, connection.device, now)

    def _refresh(self, token: str) -> None:
        try:
            actor = self._parts.tokens.check(token)
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

    async def _receive_messages(self) -> list[Connect | Presence | Refresh | Ping]:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise Ended
        data: bytes | str = message.get("bytes") or message.get("text") or b""
        if len(data) > MAX_FRAME_BYTES:
            raise BadMessage(f"A frame has at most {MAX_FRAME_BYTES} bytes.")
        try:
            messages = _DECODERS[self._connection.encoding].decode(
                data if isinstance(data, bytes) else data.encode()
            )
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise BadMessage(f"This frame cannot be read: {error}"[:120]) from None
        for _ in messages:
            spent = spend(self._bucket, INBOUND, now_us())
            self._bucket = spent.bucket
            if not spent.allowed:
                raise BadMessage("More than 20 messages a second.")
        return messages

    async def _send_frame(self, messages: list[FromRelay]) -> None:
        encoding = self._connection.encoding
        await self._send_bytes(frame(encoding, [Encoded(each).as_bytes(encoding) for each in messages]))

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
