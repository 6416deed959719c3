"""All documents that are open at this process: what is said at one is stored, and what is stored anywhere is said at all.

Updates go to other processes by the database, in which they have to be before anybody relies on them; who is here, by the bus.
"""

import asyncio
import logging
from collections.abc import Container
from contextlib import suppress
from functools import partial

import msgspec

from relay.core.access import Actor
from relay.core.refusal import Refusal
from relay.engine.bus.door import Bus
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, DatabaseBusy, Tx
from relay.engine.waiting import Flag
from relay.features.accounts import api as accounts
from relay.features.coediting import presence, store
from relay.features.coediting.documents import Document, merged
from relay.features.coediting.lib0 import BadBytes
from relay.features.coediting.messages import Message
from relay.features.coediting.presence import LEASE_US, State
from relay.features.coediting.rights import Right, require_sign_in, right_of
from relay.features.coediting.room import Room
from relay.features.coediting.saving import Saving
from relay.features.coediting.session import Session
from relay.features.coediting.updates import examined
from relay.wire.events import CLOSE_EXPIRED, CLOSE_REVOKED, CLOSE_SHUTDOWN

log = logging.getLogger("relay")

TOPIC = "coediting"
GATHER_S = 0.05
"""What is said within it is stored together."""
RECHECK_S = 5.0
"""Who may still be here is looked at whenever something changes that may decide it, and so often: links and tokens end by time."""


class Rooms:
    """revoked: sign-ins that have ended. [loop]"""

    def __init__(self, db: Database, bus: Bus, saving: Saving, revoked: Container[str]) -> None:
        self._revoked = revoked
        self._db = db
        self._bus = bus
        self.saving = saving
        self._rooms: dict[str, Room] = {}
        self._work = Flag()
        self._recheck = asyncio.Event()
        bus.listen(TOPIC, self._heard, self._joined)

    # coming and going -----------------------------------------------------------------------------------------------

    async def enter(self, creation_id: str, actor: Actor, link: str | None) -> tuple[Room, Session]:
        """Raises Refusal: not_found, gone, validation, account_required, token_invalid, rate_limited, busy."""
        right, username = await self._db.read(
            partial(_entering, creation_id=creation_id, actor=actor, link=link)
        )
        if right.may_edit:
            await self.saving.bring_up(creation_id)
        room = self._rooms.get(creation_id) or await self._open(creation_id)
        if room.is_full_for(actor):
            raise Refusal(
                "rate_limited", "Too many are at this already.", "Try again later.", retry_after_s=30
            )
        session = Session(actor, username, link, may_edit=right.may_edit)
        room.greet(session)
        self._publish(room, [])
        self._recheck.set()  # what has ended since it was asked was told to who was here
        return room, session

    def leave(self, room: Room, session: Session) -> None:
        """Who is left is told; when nobody is, the document is stored, saved and let go."""
        room.sessions.discard(session)
        self._publish(room, room.tell_here(room.board.left(session)))
        self._work.set()

    def say(self, room: Room, session: Session, said: Message | None) -> None:
        """Raises BadBytes."""
        try:
            news = room.say(session, said)
        except BadBytes:
            raise
        except BaseException:  # also a panic of the library: the document is read anew
            self._part_with(room)
            raise
        if news:
            self._publish(room, news)
        if room.pending:
            self._work.set()

    async def _open(self, creation_id: str) -> Room:
        stored = await self._db.read(lambda db: store.updates(db, creation_id))
        if not stored:
            raise Refusal("not_found", "Nobody edits this together.")
        made, maps = await asyncio.to_thread(_opened, creation_id, stored)
        room = self._rooms.setdefault(creation_id, made)
        if room is made:
            room.maps = maps
        self._work.set()  # what was stored since it was read is not told
        return room

    def _part_with(self, room: Room) -> None:
        """Who is at it comes back to the document as it is stored."""
        if self._rooms.get(room.creation_id) is room:
            del self._rooms[room.creation_id]
        room.close_all(CLOSE_SHUTDOWN, "Something went wrong with this document.")

    def end_family(self, family_id: str) -> None:
        """The sign-in of a device ended."""
        for session in self._sessions():
            if session.actor.family_id == family_id:
                session.close(CLOSE_REVOKED, "This sign-in was ended.")

    def end_session(self, session_id: str) -> None:
        """A browser was signed out."""
        for session in self._sessions():
            if session.actor.session_id == session_id:
                session.close(CLOSE_REVOKED, "This sign-in was ended.")

    def close_all(self) -> None:
        """The process ends; clients come back to another."""
        for session in self._sessions():
            session.close(CLOSE_SHUTDOWN, "The relay restarts.")

    async def close(self) -> None:
        """What is not stored yet is."""
        for room in list(self._rooms.values()):
            await self._store(room)

    def _sessions(self) -> list[Session]:
        return [session for room in self._rooms.values() for session in room.sessions]

    # what is stored, and by whom ------------------------------------------------------------------------------------

    def changed(self, creation_id: str) -> None:
        """Every process hears of the commit."""
        if (room := self._rooms.get(creation_id)) is not None:
            room.is_behind = True
            self._work.set()

    def lost(self) -> None:
        """Commits were not told of."""
        for room in self._rooms.values():
            room.is_behind = True
        self._work.set()
        self.recheck()

    def recheck(self) -> None:
        """Somebody may see something that they did not, or no longer; or it was saved beside us."""
        if self._rooms:
            self._recheck.set()

    async def run(self) -> None:
        """For ever, also where the database was away for a while. One task of the process does."""
        self._work.set()
        while True:
            await self._work.wait()
            self._work.clear()
            for room in list(self._rooms.values()):
                try:
                    await self._serve(room)
                except DatabaseBusy:
                    raise
                except Exception as error:  # of this document alone
                    log.error("unexpected at document %s", room.creation_id, exc_info=error)
                    self._part_with(room)
            await asyncio.sleep(GATHER_S)

    async def _serve(self, room: Room) -> None:
        await self._store(room)
        if room.is_behind:
            stored = await self._db.read(
                lambda db: store.updates(db, room.creation_id, room.n), snapshot=False
            )
            room.catch_up(stored)
        if room.grew:
            await self._compact(room)
        if not room.sessions and not room.pending:
            self._rooms.pop(room.creation_id, None)
            await self.saving.save(room.creation_id)

    async def _store(self, room: Room) -> None:
        if not room.pending:
            return
        count = len(room.pending)
        data = merged(room.pending)
        n = await self._db.write(lambda tx: store.append(tx, room.creation_id, [data], now_us()))
        if n is None:
            room.pending.clear()
            room.close_all(CLOSE_REVOKED, "This was deleted.")
        else:
            room.stored(n, count)

    async def _compact(self, room: Room) -> None:
        """All updates become one, without what is gone."""
        stored = await self._db.read(lambda db: store.updates(db, room.creation_id), snapshot=False)
        if not stored:
            return
        data, maps = await asyncio.to_thread(_compacted, stored)

        def work(tx: Tx) -> None:
            if store.find(tx.db, room.creation_id) is not None:
                store.compact(tx, room.creation_id, stored[-1][0], data)

        await self._db.write(work)
        room.compacted(len(data), maps)

    # who may still be here ------------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """For ever. One task of the process does."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RECHECK_S):
                    await self._recheck.wait()
            self._recheck.clear()
            for room in list(self._rooms.values()):
                await self._look(room)

    async def _look(self, room: Room) -> None:
        now = now_us()
        room.tell_here(room.board.expired(now))
        self._publish(room, room.board.ours(), asks=False)
        for session in room.sessions:
            if session.actor.family_id in self._revoked:
                session.close(CLOSE_REVOKED, "This sign-in was ended.")
            if session.actor.expires_us is not None and session.actor.expires_us <= now:
                session.close(CLOSE_EXPIRED, "The access token has ended.")
        sessions = list(room.sessions)
        allowed = await self._db.read(partial(_allowed, creation_id=room.creation_id, sessions=sessions))
        for session, may_edit in zip(sessions, allowed, strict=True):
            if may_edit is not session.may_edit:
                session.close(CLOSE_REVOKED, "You may no longer do here what you could.")
        if any(session.closing is None for session in sessions):
            await self._take_over(room)

    async def _take_over(self, room: Room) -> None:
        """What was saved beside the document."""
        try:
            await self.saving.bring_up(room.creation_id)
        except Refusal as refusal:
            log.info("%s is not brought up to what was saved: %s", room.creation_id, refusal.detail)

    # who is here, at other processes ----------------------------------------------------------------------------------

    def _publish(self, room: Room, news: list[State], *, asks: bool = True) -> None:
        """asks: for all that others know, where there is nothing to tell."""
        if news or asks:
            self._bus.publish(TOPIC, msgspec.msgpack.encode((room.creation_id, presence.write(news))))

    def _joined(self) -> None:
        for room in self._rooms.values():
            self._publish(room, [])

    def _heard(self, data: bytes) -> None:
        try:
            creation_id, states = msgspec.msgpack.decode(data, type=tuple[str, bytes])
            news = presence.read(states)
        except (msgspec.DecodeError, BadBytes) as error:
            log.warning("who is at a document is not understood: %s", error)
            return
        room = self._rooms.get(creation_id)
        if room is None:
            return
        if news:
            room.tell_here(room.board.hear(news, now_us() + LEASE_US))
        else:
            self._publish(room, room.board.ours(), asks=False)


def _entering(db: Connection, creation_id: str, actor: Actor, link: str | None) -> tuple[Right, str]:
    require_sign_in(db, actor)
    right = right_of(db, creation_id, actor, link, now_us())
    return right, accounts.profile(db, actor.account_id).username


def _allowed(db: Connection, creation_id: str, sessions: list[Session]) -> list[bool | None]:
    """Of each, whether it may edit; None: nothing any more."""
    found: list[bool | None] = []
    for each in sessions:
        try:
            require_sign_in(db, each.actor)
            found.append(right_of(db, creation_id, each.actor, each.link, now_us()).may_edit)
        except Refusal:
            found.append(None)
    return found


def _opened(creation_id: str, stored: list[tuple[int, bytes]]) -> tuple[Room, int]:
    """And how many maps it has. [any thread]"""
    updates = [data for _, data in stored]
    room = Room(creation_id, Document(updates), stored[-1][0], sum(map(len, updates)))
    return room, sum(examined(each).maps for each in updates)


def _compacted(stored: list[tuple[int, bytes]]) -> tuple[bytes, int]:
    data = Document(each for _, each in stored).missing()
    return data, examined(data).maps
