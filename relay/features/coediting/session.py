"""One connection to a document: what waits to be sent to it, and why it ends."""

from msgspec import Struct

from relay.core.access import Actor
from relay.engine.waiting import Flag
from relay.features.coediting.presence import MAX_CLIENTS, MAX_CLIENTS_OF_GUEST
from relay.wire.events import CLOSE_SLOW

MAX_WAITING_BYTES = 6 * 1024 * 1024
"""A whole document, and what others do while it is sent."""


class Closing(Struct, frozen=True):
    """code: of the WebSocket."""

    code: int
    reason: str


class Session:
    """link: the token that it came with. [loop]"""

    def __init__(self, actor: Actor, username: str, link: str | None, *, may_edit: bool) -> None:
        self.actor = actor
        self.username = username
        self.link = link
        self.may_edit = may_edit
        self.closing: Closing | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._work = Flag()

    @property
    def who(self) -> dict[str, object]:
        """As others see it."""
        who = {"id": self.actor.account_id, "name": self.username, "edits": self.may_edit}
        return who | {"guest": self.actor.is_guest}

    @property
    def most_clients(self) -> int:
        """Of which it may say where they are."""
        return MAX_CLIENTS_OF_GUEST if self.actor.is_guest else MAX_CLIENTS

    def tell(self, frame: bytes) -> None:
        """Never waits; who reads too slowly is parted with, comes back and has all of it."""
        if self.closing is not None:
            return
        self._waiting.append(frame)
        self._waiting_bytes += len(frame)
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self._waiting.clear()
            self.close(CLOSE_SLOW, "You read more slowly than things happen.")
        self._work.set()

    def close(self, code: int, reason: str) -> None:
        """What waits goes out first."""
        if self.closing is None:
            self.closing = Closing(code, reason)
        self._work.set()

    async def next(self) -> bytes | None:
        """The next frame to be sent; None: there is no more, and it is to be closed."""
        while not self._waiting:
            if self.closing is not None:
                return None
            self._work.clear()
            await self._work.wait()
        frame = self._waiting.pop(0)
        self._waiting_bytes -= len(frame)
        return frame
