"""The WebSocket `/api/v1/ws` as a plain ASGI application: who may open one. What is then said: conversation.py. [loop]"""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from relay.core import header_lines
from relay.core.access import Action, Actor, admit
from relay.core.limits import Kind, Open
from relay.core.refusal import Refusal
from relay.engine.at_once import AtOnce
from relay.engine.clock import now_us
from relay.engine.database import Connection as Reader
from relay.engine.database import Database, DatabaseBusy
from relay.engine.limits import SharedLimits
from relay.features.accounts import api as accounts
from relay.features.devices.api import Families, Tokens
from relay.features.live.conversation import Conversation, Message, Receive, Send, WriteNow
from relay.features.live.encoding import Encoding
from relay.features.live.hub import Connection, Hub
from relay.features.live.presence import PresenceBoard
from relay.features.live.service import Live
from relay.features.live.tickets import Tickets
from relay.features.live.watchers import Watchers
from relay.wire.events import CLOSE_REVOKED, SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK
from relay.wire.rest import Producer

Refuse = Callable[[Message, Send, Refusal], Awaitable[None]]
IsOurs = Callable[[str, str], bool]

RETRY_S = 2
_SUBPROTOCOLS = {SUBPROTOCOL_JSON: Encoding.JSON, SUBPROTOCOL_MSGPACK: Encoding.MSGPACK}
WRITE_NOW_KEY = "relay.write_now"
"""Of the scope's extensions, where the server has it: a message goes out at once, if it can, and nobody is waited for."""


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
        watchers: Watchers,
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
        self.watchers = watchers
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
                conversation = await self._accept(scope, receive, send)
                try:
                    await conversation.run()
                finally:
                    self._leave(conversation.connection)
            finally:
                self._at_once.leave(Open.SOCKET, address)
        except Refusal as refusal:
            await self._refuse(scope, send, refusal)
        except DatabaseBusy:
            busy = "The relay's database cannot serve now."
            await self._refuse(scope, send, Refusal("busy", busy, "Try again soon.", retry_after_s=RETRY_S))

    async def _accept(self, scope: Message, receive: Receive, send: Send) -> Conversation:
        """Raises Refusal and DatabaseBusy, before the handshake is answered."""
        actor, subprotocol = await self._open(scope)
        connection = self._take_place(actor, _SUBPROTOCOLS[subprotocol])
        write_now: WriteNow | None = scope.get("extensions", {}).get(WRITE_NOW_KEY)
        try:
            await self._arrive(actor)
            await send({"type": "websocket.accept", "subprotocol": subprotocol})
        except BaseException:
            self.hub.remove(connection)
            raise
        return Conversation(self, connection, actor, receive, send, write_now)

    def _leave(self, connection: Connection) -> None:
        self.watchers.watch(connection, None)
        if not self.hub.remove(connection):
            self.presence.left(connection)

    async def _arrive(self, actor: Actor) -> None:
        """Raises Refusal: not_found, token_invalid."""
        user = await self.db.read(lambda db: _who(db, actor))
        self.presence.arrived(user.id, user.username)

    async def _open(self, scope: Message) -> tuple[Actor, str]:
        """Who connects, speaking what. Raises Refusal."""
        headers = header_lines.read(scope["headers"])
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
