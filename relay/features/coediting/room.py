"""A document that somebody has open at this process: who is at it, what they say, and what has not been stored yet."""

from relay.core.access import Actor
from relay.features.coediting import messages, presence, updates
from relay.features.coediting.documents import MAX_MAPS, BadUpdate, Document
from relay.features.coediting.lib0 import BadBytes
from relay.features.coediting.messages import AskAwareness, AskUpdate, Awareness, Message, Update
from relay.features.coediting.presence import Board, State
from relay.features.coediting.session import Session
from relay.features.coediting.store import MAX_DOCUMENT_BYTES

MAX_SESSIONS, MAX_GUESTS = 64, 24
"""Connections to one document, at one process, and those of guests among them: who has an account finds room."""
MAX_OF_ACCOUNT, MAX_OF_GUEST = 24, 4
"""Of one of them."""
COMPACT_AFTER, LOOK_AFTER = 200, 20
"""Updates; of a document that is large, or has many maps, the second."""
MAX_PENDING_BYTES = 1024 * 1024
"""What is not stored yet, while the database cannot be reached."""
CLOSE_FULL = 3510
"""The document takes no more; a copy of the creation begins anew."""
READ_ONLY = "You may look, and not edit."


class Room:
    """n: all updates up to this one are in the document. [loop]"""

    def __init__(self, creation_id: str, document: Document, n: int, size_bytes: int) -> None:
        self.creation_id = creation_id
        self.document = document
        self.n = n
        self.size_bytes = size_bytes
        self.maps = 0
        self._compacted_n = 0
        self.board = Board()
        self.sessions: set[Session] = set()
        self.pending: list[bytes] = []
        self.is_behind = True  # until it has looked once since it can be told

    def is_full_for(self, actor: Actor) -> bool:
        """Whether one more of theirs is too many."""
        own = sum(each.actor.account_id == actor.account_id for each in self.sessions)
        guests = sum(each.actor.is_guest for each in self.sessions)
        return (
            len(self.sessions) >= MAX_SESSIONS
            or own >= (MAX_OF_GUEST if actor.is_guest else MAX_OF_ACCOUNT)
            or (actor.is_guest and guests >= MAX_GUESTS)
        )

    def greet(self, session: Session) -> None:
        """What a client needs that has just come."""
        self.sessions.add(session)
        if not session.may_edit:
            session.tell(messages.denied(READ_ONLY))
        session.tell(messages.ask_update(self.document.state))
        if states := self.board.all():
            session.tell(messages.here(presence.write(states)))

    def say(self, session: Session, said: Message | None) -> list[State]:
        """What the other processes are to be told of who is here. Raises BadBytes."""
        match said:
            case AskUpdate(state=state):
                updates.state(state)
                session.tell(messages.missing(self.document.missing(state)))
            case Update(data=data):
                self._update(session, data)
            case AskAwareness():
                session.tell(messages.here(presence.write(self.board.all())))
            case Awareness(data=data):
                who = session.who
                states = [presence.named(each, who) for each in presence.read(data)]
                return self.tell_here(self.board.say(session, states, session.most_clients), session)
        return []

    def tell_here(self, news: list[State], but: Session | None = None) -> list[State]:
        """Who came, moved or went."""
        if news:
            self._tell(messages.here(presence.write(news)), but)
        return news

    def stored(self, n: int, count: int) -> None:
        """The first of what was pending are update n."""
        del self.pending[:count]
        if n == self.n + 1:
            self.n = n
        else:
            self.is_behind = True

    @property
    def grew(self) -> bool:
        """Whether it is time to forget what is gone."""
        is_large = self.size_bytes > MAX_DOCUMENT_BYTES or self.maps > MAX_MAPS // 2
        return self.n - self._compacted_n >= (LOOK_AFTER if is_large else COMPACT_AFTER)

    def compacted(self, size_bytes: int, maps: int) -> None:
        """So much was left."""
        self._compacted_n, self.size_bytes, self.maps = self.n, size_bytes, maps

    def catch_up(self, stored: list[tuple[int, bytes]]) -> None:
        """What others have stored. Raises BadUpdate."""
        self.is_behind = False
        if not stored:
            return
        before = self.document.state
        for _, data in stored:
            self.document.apply(data)
            self.size_bytes += len(data)
        self.n = stored[-1][0]
        self._tell(messages.new(self.document.missing(before)))

    def _update(self, session: Session, data: bytes) -> None:
        if data == updates.EMPTY:
            return
        seen, known = updates.examined(data), updates.state(self.document.state)
        is_new = any(end > known.get(client, 0) for client, (_, end) in seen.made.items())
        if not session.may_edit:
            if is_new:
                session.tell(messages.denied(READ_ONLY))
            return
        if not seen.is_next_to(known):
            session.tell(messages.ask_update(self.document.state))
            return
        if self._is_full(seen.maps, len(data)):
            session.close(CLOSE_FULL, "This document is full. Go on with a copy of it.")
            return
        if self._apply(data) or is_new:
            self.maps += seen.maps
            self.size_bytes += len(data)
            self.pending.append(data)
            self._tell(messages.new(data), session)

    def _apply(self, data: bytes) -> bool:
        """Whether it deletes what was there. Raises BadBytes."""
        try:
            state = self.document.state
            before = self.document.missing(state)
            self.document.apply(data)
            return self.document.missing(state) != before
        except BadUpdate as error:
            raise BadBytes(str(error)) from None

    def _is_full(self, maps: int, size_bytes: int) -> bool:
        pending_bytes = sum(map(len, self.pending))
        return (
            self.maps + maps > MAX_MAPS
            or self.size_bytes + size_bytes > 2 * MAX_DOCUMENT_BYTES
            or pending_bytes + size_bytes > MAX_PENDING_BYTES
        )

    def _tell(self, frame: bytes, but: Session | None = None) -> None:
        for session in self.sessions:
            if session is not but:
                session.tell(frame)

    def close_all(self, code: int, reason: str) -> None:
        for session in self.sessions:
            session.close(code, reason)
