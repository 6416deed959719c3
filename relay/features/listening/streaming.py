"""The WebSocket `/api/stream`: PCM in, what is heard in it out, while it is played. Sound is looked at in a child in the sandbox.

Bounded: one stream of an account and MOST of a process, MAX_STREAM_S of sound each; who reads slowly is waited for, and then so is who sends.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from relay.core.access import Action, Actor, admit
from relay.core.refusal import Refusal
from relay.engine.sandbox.children import spawn
from relay.engine.sandbox.frames import LENGTH
from relay.features.live import api as live
from relay.wire.events import CLOSE_BAD_MESSAGE, CLOSE_REVOKED, CLOSE_SHUTDOWN
from relay.wire.listening import MAX_STREAM_S, StreamQuery

Message = MutableMapping[str, Any]  # ASGI's own type
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CHILD = "relay.features.listening.stream_child"
MOST = 8
IDLE_S = 30.0
"""Without sound; whoever has none any more goes."""
RETRY_S = 30
CLOSE_ENDED, CLOSE_FAULT = 1000, 1011
_SAMPLE_BYTES = {"s16le": 2, "f32le": 4}


class _Ended(Exception):
    """The stream is closed with this code, for this reason; None: the client went."""

    def __init__(self, code: int | None, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


class Streams:
    """Those that are open at this process. [loop]"""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Event] = {}  # by account: it is to end

    def take(self, account_id: str) -> asyncio.Event:
        """A place; told when the stream is to end. Whoever has one leaves it. Raises Refusal: rate_limited, busy."""
        if account_id in self._open:
            raise Refusal(
                "rate_limited",
                "This account streams already.",
                "End the other stream.",
                retry_after_s=RETRY_S,
            )
        if len(self._open) >= MOST:
            raise Refusal("busy", "Too much is listened to now.", "Try again soon.", retry_after_s=RETRY_S)
        ending = self._open[account_id] = asyncio.Event()
        return ending

    def leave(self, account_id: str) -> None:
        del self._open[account_id]

    def end_all(self) -> None:
        """The process goes."""
        for ending in self._open.values():
            ending.set()


class StreamSockets:
    """require_live: refuses whose sign-in was ended. [loop]"""

    def __init__(
        self, streams: Streams, opening: live.Opening, require_live: Callable[[Actor], None]
    ) -> None:
        self._streams = streams
        self._opening = opening
        self._require_live = require_live

    def serve(self, scope: Message, receive: Receive, send: Send) -> Awaitable[None]:
        """One connection, from handshake to close."""
        return self._opening.serve(scope, receive, send, self._accept)

    async def _accept(
        self, scope: Message, receive: Receive, send: Send
    ) -> tuple[Callable[[], Awaitable[None]], Callable[[], None]]:
        """Raises Refusal and DatabaseBusy, before the handshake is answered."""
        actor, query = await self._opening.actor(scope), _query(scope)
        admit(actor, Action.LISTENING_ASK)
        ending = self._streams.take(actor.account_id)
        leave = partial(self._streams.leave, actor.account_id)
        try:
            await send({"type": "websocket.accept"})
        except BaseException:
            leave()
            raise
        return partial(self._run, actor, query, receive, send, ending), leave

    async def _run(
        self, actor: Actor, query: StreamQuery, receive: Receive, send: Send, ending: asyncio.Event
    ) -> None:
        child = await spawn(CHILD)
        assert child.stdin is not None and child.stdout is not None, "they are pipes"
        tasks = [
            asyncio.create_task(self._hear(actor, query, receive, child.stdin)),
            asyncio.create_task(_tell(child.stdout, send)),
            asyncio.create_task(_until(ending)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            why = next(iter(done)).exception()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if child.returncode is None:
                child.kill()
            await child.wait()
        if not isinstance(why, _Ended):
            why = _Ended(CLOSE_FAULT, "This could not be listened to.")
        if why.code is not None:
            await send({"type": "websocket.close", "code": why.code, "reason": why.reason})

    async def _hear(
        self, actor: Actor, query: StreamQuery, receive: Receive, sink: asyncio.StreamWriter
    ) -> None:
        """What the client sends. Raises _Ended."""
        frame_bytes = query.channels * _SAMPLE_BYTES[query.format]
        left = MAX_STREAM_S * query.sample_rate * frame_bytes
        _write(sink, msgspec.json.encode(query))
        while True:
            data = await _sound(receive)
            try:
                self._require_live(actor)
            except Refusal:
                raise _Ended(CLOSE_REVOKED, "This sign-in was ended.") from None
            if not data or len(data) % frame_bytes:
                raise _Ended(CLOSE_BAD_MESSAGE, f"A message has whole frames of {frame_bytes} bytes.")
            left -= len(data)
            if left < 0:
                raise _Ended(CLOSE_ENDED, f"A stream has at most {MAX_STREAM_S // 60} minutes of sound.")
            _write(sink, data)
            await sink.drain()


def _query(scope: Message) -> StreamQuery:
    """Raises Refusal: validation."""
    try:
        given = dict(
            parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=8)
        )
        return msgspec.convert(given, StreamQuery, strict=False)
    except ValueError as error:  # msgspec's are such, too
        raise Refusal("validation", f"The query: {error}") from None


async def _sound(receive: Receive) -> bytes:
    """Raises _Ended."""
    try:
        async with asyncio.timeout(IDLE_S):
            message = await receive()
    except TimeoutError:
        raise _Ended(CLOSE_ENDED, "No sound came any more.") from None
    if message["type"] != "websocket.receive":
        raise _Ended(None)
    data = message.get("bytes")
    if data is None:
        raise _Ended(CLOSE_BAD_MESSAGE, "Sound is sent in binary messages.")
    return bytes(data)


async def _tell(source: asyncio.StreamReader, send: Send) -> None:
    """What the child hears; it ends only when the child does, which is a fault."""
    while True:
        (length,) = LENGTH.unpack(await source.readexactly(LENGTH.size))
        said = await source.readexactly(length)
        await send({"type": "websocket.send", "text": said.decode()})


async def _until(ending: asyncio.Event) -> None:
    await ending.wait()
    raise _Ended(CLOSE_SHUTDOWN, "The relay goes; come back soon.")


def _write(sink: asyncio.StreamWriter, data: bytes) -> None:
    sink.write(LENGTH.pack(len(data)) + data)
