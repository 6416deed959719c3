"""The WebSocket of a document, `/api/v1/coedit/{creation_id}`, for any client of the y-websocket protocol. [loop]

The creation is the room's name, so `new WebsocketProvider(url + "/api/v1/coedit", creation_id, doc, {params: {ticket, link}})`
is all that a page of somebody else needs.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from urllib.parse import parse_qs

from relay.core.access import Action, Actor
from relay.core.buckets import Bucket, Limit, full, spend
from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.features.coediting import messages
from relay.features.coediting.lib0 import BadBytes
from relay.features.coediting.room import Room
from relay.features.coediting.rooms import Rooms
from relay.features.coediting.session import Session
from relay.features.live.api import Message, Opening, Receive, Send
from relay.wire.events import CLOSE_BAD_MESSAGE, CLOSE_BUSY, CLOSE_REFUSED, MAX_FRAME_BYTES
from relay.wire.rest import API_PREFIX

log = logging.getLogger("relay")

PATH = f"{API_PREFIX}/coedit/"
PATHS = f"{PATH}*"
INBOUND, INBOUND_OF_GUEST = Limit(120, 3_000_000), Limit(60, 3_000_000)
"""Messages, and each KiB of one counts as another: who says more is read more slowly."""
KIB = 1024


class DocumentSockets:
    """[loop]"""

    def __init__(self, rooms: Rooms, opening: Opening) -> None:
        self._rooms = rooms
        self._opening = opening

    def serve(self, scope: Message, receive: Receive, send: Send) -> Awaitable[None]:
        """One connection, from handshake to close."""
        return self._opening.serve(scope, receive, send, self._accept)

    async def _accept(
        self, scope: Message, receive: Receive, send: Send
    ) -> tuple[Callable[[], Awaitable[None]], Callable[[], None]]:
        """Raises Refusal and DatabaseBusy, before the handshake is answered."""
        actor = await self._opening.actor(scope, Action.DOCUMENT_OPEN)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        try:
            room, session = await self._entered(scope, actor, query)
        except Refusal as refusal:
            if "ticket" not in query:
                raise
            await send({"type": "websocket.accept"})
            return partial(_say_why, refusal, send), _nothing
        try:
            await send({"type": "websocket.accept"})
        except BaseException:
            self._rooms.leave(room, session)
            raise
        return partial(self._talk, room, session, receive, send), partial(self._rooms.leave, room, session)

    async def _entered(
        self, scope: Message, actor: Actor, query: dict[str, list[str]]
    ) -> tuple[Room, Session]:
        creation_id = scope["path"].removeprefix(PATH)
        if not (len(creation_id) == 32 and creation_id.isascii() and creation_id.isalnum()):
            raise Refusal("not_found", "There is nothing at this address.")
        return await self._rooms.enter(creation_id, actor, query.get("link", [None])[0])

    async def _talk(self, room: Room, session: Session, receive: Receive, send: Send) -> None:
        reading = asyncio.create_task(self._read_all(room, session, receive))
        writing = asyncio.create_task(_write_all(session, send))
        try:
            await asyncio.wait((reading, writing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, writing):
                task.cancel()
            for ended in await asyncio.gather(reading, writing, return_exceptions=True):
                if ended is not None and not isinstance(ended, asyncio.CancelledError):
                    log.error("unexpected at document %s", room.creation_id, exc_info=ended)

    async def _read_all(self, room: Room, session: Session, receive: Receive) -> None:
        """Until the client is gone, or has said what no client says: then the writer ends."""
        limit = INBOUND_OF_GUEST if session.actor.is_guest else INBOUND
        bucket = full(limit, now_us())
        while (message := await receive())["type"] == "websocket.receive":
            frame: bytes = message.get("bytes") or b""
            bucket = await _paced(bucket, limit, 1 + len(frame) // KIB)
            try:
                if not 0 < len(frame) <= MAX_FRAME_BYTES:
                    raise BadBytes(f"a frame is of 1 to {MAX_FRAME_BYTES} bytes")
                self._rooms.say(room, session, messages.read(frame))
            except BadBytes as error:
                session.close(CLOSE_BAD_MESSAGE, f"This cannot be taken: {error}.")
            if session.closing is not None:
                await asyncio.Event().wait()  # the writer has the last word


async def _say_why(refusal: Refusal, send: Send) -> None:
    """To a browser, in words: of a handshake that was refused its page sees nothing. What says when to come back is no end."""
    code = CLOSE_REFUSED if refusal.retry_after_s is None else CLOSE_BUSY
    with suppress(OSError, RuntimeError):
        await send({"type": "websocket.close", "code": code, "reason": refusal.detail})


def _nothing() -> None:
    """There is nothing to leave."""


async def _paced(bucket: Bucket, limit: Limit, cost: int) -> Bucket:
    """After as long as it takes until so much may be said."""
    for _ in range(cost):
        while not (spent := spend(bucket, limit, now_us())).allowed:
            await asyncio.sleep(limit.window_us / limit.count / 1_000_000)
            bucket = spent.bucket
        bucket = spent.bucket
    return bucket


async def _write_all(session: Session, send: Send) -> None:
    with suppress(OSError, RuntimeError):  # uvicorn: the peer is gone, or the close is already out
        while (frame := await session.next()) is not None:
            await send({"type": "websocket.send", "bytes": frame})
        if session.closing is not None:
            await send(
                {"type": "websocket.close", "code": session.closing.code, "reason": session.closing.reason}
            )
