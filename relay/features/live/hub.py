"""The hub: who is connected, what each listens to, and in which order each hears of what. In this process, no sockets.

Commits come in as numbers 1, 2, 3 … with their effects. What is to be told of them is read from the database for all that
wait, in one step, and then handed out in order; an event is encoded once per encoding, whatever the number of listeners.
A reader that does not keep up is told to go and recovers by its cursor when it comes back: nobody is waited for.

A connection that joins collects what is handed out until its snapshot has been sent, and goes live when this process has
handed out all that the snapshot contains: so nothing is lost between the two, and nothing comes twice.
"""

import asyncio
import logging
import random
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence

from msgspec import Struct

from relay.core.visibility import Audience
from relay.engine.clock import now_us
from relay.engine.database import DatabaseBusy, Effect
from relay.engine.waiting import Flag
from relay.features.live.batch import AsBytes, Round
from relay.features.live.encoding import Encoding
from relay.features.live.outbox import Outbox
from relay.features.live.pace import Pace
from relay.features.live.store import Blocked, Followed, Happened, Muted, Unfollowed, author_topic
from relay.features.live.telling import Message
from relay.wire.events import CLOSE_EXPIRED, CLOSE_REVOKED, CLOSE_SHUTDOWN

log = logging.getLogger("relay")

MAX_CONNECTIONS_PER_ACCOUNT = 10
RETRY_S = 0.05
WRITTEN_AT_ONCE = 500
"""Connections that are written to in one turn of the loop: some five milliseconds."""
NOBODY: frozenset[str] = frozenset()
ANYBODY = (Audience.EVERYBODY, Audience.FOLLOWERS)
"""Audiences that all who listen belong to, whoever they are."""

Relation = Followed | Unfollowed | Blocked | Muted
Step = Message | Relation
Tell = Callable[[Sequence[Happened]], Awaitable[list[Message]]]


class Connection:
    """One socket of one account. device: what presence leases hang on, None for a browser.

    hidden: whom it must not hear of: one of both blocks the other, or it mutes them. expires_us: when its access token ends; None
    until it is live.
    """

    __slots__ = (
        "account_id",
        "device",
        "encoding",
        "expires_us",
        "family_id",
        "hears_all",
        "hidden",
        "joining",
        "outbox",
        "session_id",
        "topics",
    )

    def __init__(
        self,
        *,
        account_id: str,
        device: str | None,
        family_id: str | None,
        encoding: Encoding,
        session_id: str | None = None,
    ) -> None:
        self.account_id = account_id
        self.device = device
        self.family_id = family_id
        self.session_id = session_id
        self.encoding = encoding
        self.outbox = Outbox(encoding)
        self.topics: list[str] = []
        self.hidden = NOBODY
        self.hears_all = False
        self.expires_us: int | None = None
        self.joining: list[tuple[int, Step]] | None = None


class Entry(Struct, frozen=True, kw_only=True):
    """How a connection goes live: from which snapshot, listening to what."""

    commit: int
    topics: list[str]
    hidden: frozenset[str]
    hears_all: bool


class Hub:
    """applied: the last commit that was handed out; at first, the last before this process heard of any. told: events given
    to connections so far. on_followed, on_parted: told of (connection, followee) when somebody begins and ceases to hear of
    another. [loop]
    """

    def __init__(self, tell: Tell, applied: int = 0) -> None:
        self._tell = tell
        self.applied = applied
        self.told = 0
        self._connections: set[Connection] = set()
        self._of_account: dict[str, set[Connection]] = {}
        self._listeners: dict[str, set[Connection]] = {}
        self._hear_all: set[Connection] = set()
        self._waiting: list[tuple[int, list[Effect]]] = []
        self._under_way: list[tuple[int, list[Effect]]] = []
        self._came_s = 0.0  # the first that waits
        self._pace = Pace()
        self._ahead: list[tuple[Connection, Entry]] = []
        self._round = Round()
        self._work = Flag()
        self.on_followed: Callable[[Connection, str], None] = _nothing
        self.on_parted: Callable[[Connection, str], None] = _nothing

    # connections --------------------------------------------------------------------------------------------------

    def has_room(self, account_id: str) -> bool:
        return len(self._of_account.get(account_id, ())) < MAX_CONNECTIONS_PER_ACCOUNT

    def is_here(self, account_id: str) -> bool:
        """Whether an account has a connection at this process."""
        return account_id in self._of_account

    def register(self, connection: Connection) -> None:
        """From here on everything handed out is kept for the connection until it goes live."""
        connection.joining = []
        self._connections.add(connection)
        self._of_account.setdefault(connection.account_id, set()).add(connection)

    def go_live(self, connection: Connection, entry: Entry) -> None:
        """The snapshot has been sent: what was handed out after it, and everything from now on.

        A reader can see a commit before this process has handed it out: then the connection goes on collecting.
        """
        if entry.commit > self.applied:
            self._ahead.append((connection, entry))
            return
        connection.hidden, connection.hears_all = entry.hidden or NOBODY, entry.hears_all
        for topic in entry.topics:
            self._listen(connection, topic)
        if entry.hears_all:
            self._hear_all.add(connection)
        kept, connection.joining = connection.joining or [], None
        for commit, step in kept:
            if commit > entry.commit:
                self._hand_out(step, connection)

    def remove(self, connection: Connection) -> bool:
        """It is gone. Whether its device is here by another connection still."""
        self._connections.discard(connection)
        self._hear_all.discard(connection)
        self._ahead = [each for each in self._ahead if each[0] is not connection]
        others = self._of_account.get(connection.account_id, set())
        others.discard(connection)
        if not others:
            self._of_account.pop(connection.account_id, None)
        for topic in list(connection.topics):
            self._ignore(connection, topic)
        return any(each.device == connection.device for each in others)

    def close_all(self, reason: str = "The relay restarts.") -> None:
        """Clients come back after a while, not all at once."""
        for index, connection in enumerate(list(self._connections)):
            connection.outbox.close(CLOSE_SHUTDOWN, reason, retry_after_ms=500 + index * 37 % 15_000)

    def end_family(self, family_id: str) -> None:
        """The sign-in of a device ended; its connections go at once, whatever else waits."""
        self._end(lambda each: each.family_id == family_id)

    def end_session(self, session_id: str) -> None:
        """A browser was signed out; its connections go at once."""
        self._end(lambda each: each.session_id == session_id)

    async def end_expired(self) -> None:
        """Those whose access token has ended. Once a second: a timer for each costs more than looking at all."""
        now = now_us()
        for connection in self._connections:
            if connection.expires_us is not None and connection.expires_us <= now:
                connection.outbox.close(CLOSE_EXPIRED, "The access token has ended.")

    def _end(self, concerns: Callable[[Connection], bool]) -> None:
        for connection in self._connections:
            if concerns(connection):
                connection.outbox.close(CLOSE_REVOKED, "This sign-in was ended.")

    @property
    def commits_waiting(self) -> int:
        """How many are still to be handed out."""
        return len(self._under_way) + len(self._waiting)

    def __len__(self) -> int:
        return len(self._connections)

    # commits ------------------------------------------------------------------------------------------------------

    def commit(self, number: int, effects: Sequence[Effect]) -> None:
        """What has just committed, in order and without a gap."""
        if not self._waiting:
            self._came_s = asyncio.get_running_loop().time()
        heard: list[Effect] = [each for each in effects if isinstance(each, Happened | Relation)]
        self._waiting.append((number, heard))
        self._work.set()

    def lost(self, number: int) -> None:
        """Effects up to this number cannot be told any more: everybody comes back and is told what they missed."""
        self._waiting, self._under_way = [], []
        self.applied = number
        self.close_all("The relay has lost its place in the log; you are told what you missed.")

    async def run(self) -> None:
        """Hand out commits, for ever. One task of the process does."""
        while True:
            await self._work.wait()
            self._work.clear()
            await self._work_off()

    async def _work_off(self) -> None:
        time = asyncio.get_running_loop().time
        while self._waiting:
            if (early_s := self._pace.begins_s(self._came_s) - time()) > 0:
                await asyncio.sleep(early_s)
            self._under_way, self._waiting = self._waiting, []
            wanted = self._wanted([each for _, effects in self._under_way for each in effects])
            messages = {each.happened.id: each for each in await self._told(wanted)} if wanted else {}
            commits, self._under_way = self._under_way, []  # none if they were lost meanwhile
            began_s = time()
            for number, effects in commits:
                self._hand_out_commit(number, effects, messages)
            await self._write()
            self._pace.ended(began_s, time())

    async def _write(self) -> None:
        """What several commits told one connection goes out as one frame."""
        while outboxes := self._round.take(WRITTEN_AT_ONCE):
            for outbox in outboxes:
                outbox.flush()
            await asyncio.sleep(0)

    def _wanted(self, effects: list[Effect]) -> list[Happened]:
        """Of which somebody here may hear, also who begins to follow in the same breath."""
        if self._hear_all or any(each.joining is not None for each in self._connections):
            return [each for each in effects if isinstance(each, Happened)]
        followed = {author_topic(each.followee_id) for each in effects if isinstance(each, Followed)}
        return [
            each
            for each in effects
            if isinstance(each, Happened) and (each.topic in followed or self._listeners.get(each.topic))
        ]

    async def _told(self, wanted: list[Happened]) -> list[Message]:
        """Waits for a database that is busy: what has committed is told later rather than never."""
        while True:
            try:
                return await self._tell(wanted)
            except DatabaseBusy as error:
                log.warning("events wait for the database: %s", error)
                await asyncio.sleep(RETRY_S * random.uniform(0.5, 1.5))

    def _hand_out_commit(self, number: int, effects: list[Effect], messages: dict[str, Message]) -> None:
        steps: list[Step] = []
        for effect in effects:
            if isinstance(effect, Happened):
                steps += [messages[effect.id]] if effect.id in messages else []
            elif isinstance(effect, Relation):
                steps.append(effect)
        joining = [each for each in self._connections if each.joining is not None] if steps else []
        for step in steps:
            for connection in joining:
                if connection.joining is not None:
                    connection.joining.append((number, step))
            self._hand_out(step, None)
        log.debug("commit %d is told", number)
        self.applied = number
        if self._ahead:
            waiting, self._ahead = self._ahead, []
            for connection, entry in waiting:
                self.go_live(connection, entry)

    # steps --------------------------------------------------------------------------------------------------------

    def _hand_out(self, step: Step, only: Connection | None) -> None:
        """To every live connection it concerns, or to that one if it does."""
        match step:
            case Message():
                self._send(step, only)
            case Followed(follower_id=follower, followee_id=followee):
                for connection in self._live_of(follower, only):
                    self._listen(connection, author_topic(followee))
                    self.on_followed(connection, followee)
            case Unfollowed(follower_id=follower, followee_id=followee):
                for connection in self._live_of(follower, only):
                    self._ignore(connection, author_topic(followee))
                    self.on_parted(connection, followee)
            case Blocked(blocker_id=blocker, blocked_id=blocked):
                self._hide(blocker, blocked, step.blocked, only)
                self._hide(blocked, blocker, step.blocked, only)
            case Muted(muter_id=muter, muted_id=muted):
                self._hide(muter, muted, step.muted, only)

    def _hide(self, account_id: str, other_id: str, hidden: bool, only: Connection | None) -> None:
        for connection in self._live_of(account_id, only):
            others = connection.hidden - {other_id}
            connection.hidden = others | {other_id} if hidden else others

    def _send(self, message: Message, only: Connection | None) -> None:
        happened, audience = message.happened, message.audience
        listeners: Iterable[Connection] = self._listeners.get(happened.topic, ())
        if audience is Audience.EVERYBODY and self._hear_all and happened.topic.startswith("author:"):
            listeners = self._hear_all.union(listeners)
        if message.about_id is not None:
            listeners = set(listeners) - self._listeners.get(author_topic(message.about_id), set())
        if only is not None:
            if only in listeners and message.concerns(only.account_id, only.hidden):
                self.told += 1
                only.outbox.offer(message)
            return
        anybody, concerns = audience in ANYBODY, message.concerns
        outboxes = [
            each.outbox
            for each in listeners
            if (anybody and not each.hidden) or concerns(each.account_id, each.hidden)
        ]
        self.told += len(outboxes)
        self._round.add(message, outboxes)

    def is_followed(self, account_id: str) -> bool:
        """Whether anybody here hears of an account."""
        return author_topic(account_id) in self._listeners

    def tell_followers(self, account_id: str, message: AsBytes) -> None:
        """A live-only message to who hears of an account, but not to the account itself."""
        for connection in self._listeners.get(author_topic(account_id), ()):
            if connection.account_id != account_id and account_id not in connection.hidden:
                connection.outbox.offer(message)

    def tell_account(self, account_id: str, message: AsBytes) -> None:
        """A live-only message to an account itself."""
        for connection in self._live_of(account_id, None):
            connection.outbox.offer(message)

    def _live_of(self, account_id: str, only: Connection | None) -> list[Connection]:
        mine = self._of_account.get(account_id, set())
        return [each for each in mine if each.joining is None and (only is None or each is only)]

    def _listen(self, connection: Connection, topic: str) -> None:
        topic = sys.intern(topic)  # one text for all who listen to it
        listeners = self._listeners.setdefault(topic, set())
        if connection not in listeners:
            listeners.add(connection)
            connection.topics.append(topic)

    def _ignore(self, connection: Connection, topic: str) -> None:
        listeners = self._listeners.get(topic, set())
        if connection in listeners:
            listeners.remove(connection)
            connection.topics.remove(topic)
        if not listeners:
            self._listeners.pop(topic, None)


def _nothing(_: Connection, __: str) -> None:
    """Nobody has to be told."""
