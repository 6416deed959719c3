"""Who may open a WebSocket of ours, whichever is then spoken: from our own pages or with a token, not too often, not too many. [loop]"""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from relay.core import header_lines
from relay.core.access import Action, Actor, admit
from relay.core.guests import is_guest_token
from relay.core.limits import Kind, Open
from relay.core.refusal import Refusal
from relay.engine.at_once import AtOnce
from relay.engine.clock import now_us
from relay.engine.database import DatabaseBusy
from relay.engine.limits import SharedLimits
from relay.features.devices.api import Families, Tokens
from relay.features.live.conversation import Message, Receive, Send
from relay.features.live.tickets import Tickets

Refuse = Callable[[Message, Send, Refusal], Awaitable[None]]
IsOurs = Callable[[str, str], bool]
Accept = Callable[
    [Message, Receive, Send], Awaitable[tuple[Callable[[], Awaitable[None]], Callable[[], None]]]
]
"""Answers the handshake; what is then said, and what is done when that has ended. Raises Refusal and DatabaseBusy before."""

RETRY_S = 2


class Opening:
    """is_ours: whether an Origin, of a request to a Host, is one of our own pages. refuse: answers the handshake with a problem
    document. stranger: counts an address that shows what is worth nothing. guest: whose a guest's token is; raises Refusal.
    """

    def __init__(
        self,
        *,
        tokens: Tokens,
        families: Families,
        tickets: Tickets,
        limits: SharedLimits,
        at_once: AtOnce,
        is_ours: IsOurs,
        refuse: Refuse,
        stranger: Callable[[str], None],
        guest: Callable[[str], Awaitable[Actor]],
    ) -> None:
        self._tokens = tokens
        self._families = families
        self._tickets = tickets
        self._limits = limits
        self._at_once = at_once
        self._is_ours = is_ours
        self._refuse = refuse
        self._stranger = stranger
        self._guest = guest

    async def serve(self, scope: Message, receive: Receive, send: Send, accept: Accept) -> None:
        """One connection, counted from handshake to close; what is refused before it is accepted is the handshake's answer."""
        await receive()  # websocket.connect
        address = _address(scope)
        try:
            self._at_once.require(Open.SOCKET, address)
            try:
                talk, leave = await accept(scope, receive, send)
                try:
                    await talk()
                finally:
                    leave()
            finally:
                self._at_once.leave(Open.SOCKET, address)
        except Refusal as refusal:
            await self._refuse(scope, send, refusal)
        except DatabaseBusy:
            busy = "The relay's database cannot serve now."
            await self._refuse(scope, send, Refusal("busy", busy, "Try again soon.", retry_after_s=RETRY_S))

    async def actor(self, scope: Message, action: Action = Action.SOCKET_OPEN) -> Actor:
        """Who connects, to do what. Raises Refusal."""
        headers = header_lines.read(scope["headers"])
        origin = headers.get("origin")
        if origin is not None and not self._is_ours(origin, headers.get("host", "")):
            raise Refusal("forbidden", "WebSockets are opened from our own pages and by daemons.")
        try:
            actor = await self._shown(headers, parse_qs(scope["query_string"].decode("latin-1")))
            admit(actor, action)
        except Refusal:
            self._stranger(_address(scope))
            raise
        self._limits.require(Kind.SOCKET, actor.account_id, now_us(), "This account connects too often.")
        return actor

    async def _shown(self, headers: dict[str, str], query: dict[str, list[str]]) -> Actor:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if is_guest_token(token.strip()):
                return await self._guest(token.strip())
            actor = self._tokens.check(token.strip())
            await self._families.confirm(actor)
            return actor
        if "ticket" in query:
            taken = await self._tickets.take(query["ticket"][0])
            if taken is None:
                raise Refusal("token_invalid", "This ticket is unknown, used or too old.", "Fetch a new one.")
            return taken
        return Actor()


def _address(scope: Message) -> str:
    return scope["client"][0] if scope.get("client") else "unknown"
