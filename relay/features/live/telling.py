"""From what happened to what is told: payloads built from the rows as they are now, once for all who hear of them.

Each feature tells its own kinds: from the ids of many events to payloads, in a few statements. What it does not answer
for (deleted, hidden, withdrawn since) is told to nobody, live or replayed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Raw, Struct

from relay.core.times import rfc3339
from relay.core.visibility import Audience
from relay.engine.database import Connection
from relay.features.live.encoding import Encoding, encode
from relay.features.live.recovery import Place, write_cursor
from relay.features.live.store import Happened
from relay.wire.events import Event, Payload


class Addressed(Struct, frozen=True, kw_only=True):
    """audience: who may hear of it at most. about_id: whose it is, where somebody else did something with it: of no news to who
    hears of them anyway.
    """

    payload: Payload
    audience: Audience
    about_id: str | None = None


Teller = Callable[[Connection, Sequence[Happened]], Mapping[str, Addressed]]
"""From events of one kind to what is told of them, by the event's id. [any thread with a snapshot]"""


class Message:
    """One event that is told, and its bytes in each encoding somebody asked for."""

    __slots__ = ("_bytes", "_cursor", "about_id", "audience", "happened", "payload")

    def __init__(self, happened: Happened, told: Addressed, epoch: str) -> None:
        self.happened = happened
        self.payload = told.payload
        self.audience = told.audience
        self.about_id = told.about_id
        self._cursor = write_cursor(epoch, Place(happened.commit, happened.i))
        self._bytes: dict[Encoding, bytes] = {}

    def event(self, encoding: Encoding) -> Event:
        return Event(
            id=self.happened.id,
            ts=rfc3339(self.happened.at_us),
            cursor=self._cursor,
            d=Raw(encode(encoding, self.payload)),
        )

    def as_bytes(self, encoding: Encoding) -> bytes:
        if (found := self._bytes.get(encoding)) is None:
            found = self._bytes[encoding] = encode(encoding, self.event(encoding))
        return found

    def concerns(self, account_id: str, hidden: frozenset[str]) -> bool:
        """Whether an account that its topic reaches may hear of it. [any]"""
        if self.audience is Audience.NOBODY or self.happened.actor_id in hidden or self.about_id in hidden:
            return False
        if self.audience in (Audience.OWNER, Audience.OTHERS):
            return (account_id == self.happened.actor_id) is (self.audience is Audience.OWNER)
        return True


class Tellers:
    """of_kind: each kind of event and who tells it. [any]"""

    def __init__(self, of_kind: Mapping[str, Teller]) -> None:
        self._of_kind = of_kind

    def tell(self, db: Connection, events: Iterable[Happened], epoch: str) -> list[Message]:
        """Those that are to be told, in order. [any thread with a snapshot]"""
        ordered = list(events)
        by_kind: dict[str, list[Happened]] = {}
        for each in ordered:
            by_kind.setdefault(each.kind, []).append(each)
        told: dict[str, Addressed] = {}
        for kind, group in by_kind.items():
            if (teller := self._of_kind.get(kind)) is not None:  # else of a newer relay beside us
                told.update(teller(db, group))
        return [Message(each, told[each.id], epoch) for each in ordered if each.id in told]
