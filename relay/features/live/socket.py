"""The WebSocket `/api/v1/ws` as a plain ASGI application. Who may open one: opening.py; what is then said: conversation.py. [loop]"""

from collections.abc import Awaitable, Callable
from functools import partial

from relay.core.access import Actor
from relay.core.refusal import Refusal
from relay.engine.database import Connection as Reader
from relay.engine.database import Database
from relay.features.accounts import api as accounts
from relay.features.devices.api import Tokens
from relay.features.live.conversation import Conversation, Message, Receive, Send, WriteNow
from relay.features.live.encoding import Encoding
from relay.features.live.hub import Connection, Hub
from relay.features.live.opening import Opening
from relay.features.live.presence import PresenceBoard
from relay.features.live.service import Live
from relay.features.live.watchers import Watchers
from relay.wire.events import CLOSE_REVOKED, SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK
from relay.wire.rest import Producer

_SUBPROTOCOLS = {SUBPROTOCOL_JSON: Encoding.JSON, SUBPROTOCOL_MSGPACK: Encoding.MSGPACK}
WRITE_NOW_KEY = "relay.write_now"
"""Of the scope's extensions, where the server has it: a message goes out at once, if it can, and nobody is waited for."""


class Sockets:
    """All WebSockets of this process on which the live feed is told."""

    def __init__(
        self,
        *,
        db: Database,
        hub: Hub,
        live: Live,
        presence: PresenceBoard,
        watchers: Watchers,
        tokens: Tokens,
        opening: Opening,
    ) -> None:
        self.db = db
        self.hub = hub
        self.live = live
        self.presence = presence
        self.watchers = watchers
        self.tokens = tokens
        self._opening = opening

    def serve(self, scope: Message, receive: Receive, send: Send) -> Awaitable[None]:
        """One connection, from handshake to close. (No coroutine of its own: it would stand under every WebSocket.)"""
        return self._opening.serve(scope, receive, send, self._accept)

    async def _accept(
        self, scope: Message, receive: Receive, send: Send
    ) -> tuple[Callable[[], Awaitable[None]], Callable[[], None]]:
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
        conversation = Conversation(self, connection, actor, receive, send, write_now)
        return conversation.run, partial(self._leave, connection)

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
        actor = await self._opening.actor(scope)
        spoken = [each for each in scope.get("subprotocols", []) if each in _SUBPROTOCOLS]
        if not spoken:
            raise Refusal("malformed", f"Speak {SUBPROTOCOL_JSON} or {SUBPROTOCOL_MSGPACK}.")
        return actor, spoken[0]

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
