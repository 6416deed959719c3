"""Single-use tickets that open a WebSocket: a browser can send neither header nor body there. In memory only."""

import secrets

from relay.core.access import Actor

TICKET_S = 30
MAX_TICKETS = 10_000


class Tickets:
    """[loop]"""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Actor, int]] = {}

    def make(self, actor: Actor, now_us: int) -> str:
        self._open = {key: held for key, held in self._open.items() if held[1] > now_us}
        if len(self._open) >= MAX_TICKETS:
            del self._open[next(iter(self._open))]
        ticket = secrets.token_urlsafe(24)
        self._open[ticket] = (actor, now_us + TICKET_S * 1_000_000)
        return ticket

    def take(self, ticket: str, now_us: int) -> Actor | None:
        """Whose it was; from now on it is nobody's."""
        actor, until_us = self._open.pop(ticket, (None, 0))
        return actor if until_us > now_us else None
