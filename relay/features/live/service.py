"""What a connection is told when it arrives: the events it missed, or the pages to fetch, and who does what."""

from collections.abc import Sequence

from msgspec import Raw, Struct

from relay.core.cursor import Cursor, read_cursor, write_cursor
from relay.core.times import rfc3339
from relay.engine.database import Connection as Reader
from relay.engine.database import Database, Tx
from relay.features.live.encoding import Encoding, encode
from relay.features.live.hub import Connection, Entry, Tell
from relay.features.live.presence import PresenceBoard
from relay.features.live.recovery import LAST, Place, Plan, counted, plan
from relay.features.live.recovery import write_cursor as write_place
from relay.features.live.store import (
    INBOX_TOPICS,
    Happened,
    author_topic,
    followees,
    hidden_from,
    inbox,
    inbox_topic,
    log_of,
    missed,
    note_unheard,
)
from relay.features.live.telling import Message, Tellers
from relay.wire.events import (
    MAX_RECOVERY_EVENTS,
    Connect,
    Connected,
    SocialFollowAccepted,
    SocialFollowRequest,
    SocialNewFollow,
    SocialNewReaction,
)
from relay.wire.operations import INBOX, TIMELINE
from relay.wire.rest import InboxItem, InboxPage

FETCH = [TIMELINE.path, INBOX.path]
"""The pages that are the whole truth for an account."""
_PLACE_BITS = 20  # a commit has fewer events than that
_NOW = Place(1 << 60, 0)  # later than any event


class Snapshot(Struct, frozen=True, kw_only=True):
    """What one reading of the database says to a connection. friends: (id, username) of those followed.

    unheard: events of which it would have heard, but what they tell has been taken back.
    """

    entry: Entry
    cursor: str
    recovered: bool
    messages: list[Message]
    friends: list[tuple[str, str]]
    unheard: list[str]


class Live:
    """[loop]"""

    def __init__(self, db: Database, presence: PresenceBoard, tellers: Tellers) -> None:
        self._db = db
        self._presence = presence
        self._tellers = tellers

    async def snapshot(self, connection: Connection, asked: Connect) -> Snapshot:
        """Read after the connection was registered, so that nothing falls between."""
        snapshot = await self._db.read(lambda db: self._read(db, connection.account_id, asked))
        await _note_unheard(self._db, self._tellers, snapshot.unheard)
        return snapshot

    def connected(self, snapshot: Snapshot, encoding: Encoding) -> Connected:
        return Connected(
            cursor=snapshot.cursor,
            recovered=snapshot.recovered,
            events=[each.event(encoding) for each in snapshot.messages],
            fetch=[] if snapshot.recovered else FETCH,
            presence=[Raw(encode(encoding, each)) for each in self._presence.of(snapshot.friends)],
        )

    async def inbox(self, account_id: str, cursor: str | None, limit: int) -> InboxPage:
        """Raises Refusal: cursor_invalid."""
        before = _NOW if cursor is None else _place(read_cursor(cursor))

        def work(db: Reader) -> InboxPage:
            rows = inbox(db, account_id, before, limit + 1)
            hidden = frozenset(hidden_from(db, account_id))
            messages = self._tellers.tell(db, rows[:limit], log_of(db).epoch)
            shown = [_item(each) for each in messages if each.concerns(account_id, hidden)]
            items = [each for each in shown if each is not None]
            more = write_cursor(_cursor(rows[limit - 1])) if len(rows) > limit else None
            return InboxPage(items=items, next=more)

        return await self._db.read(work)

    def _read(self, db: Reader, account_id: str, asked: Connect) -> Snapshot:
        log, friends = log_of(db), followees(db, account_id)
        hidden, heard = frozenset(hidden_from(db, account_id)), {account_id, *(id_ for id_, _ in friends)}
        made, events = _missed(db, account_id, plan(log, asked.cursor))
        told = self._tellers.tell(db, events, log.epoch)
        topics = [
            inbox_topic(account_id),
            *(author_topic(id_) for id_ in heard),
        ]
        return Snapshot(
            entry=Entry(commit=log.head, topics=topics, hidden=hidden, hears_all=asked.global_feed),
            cursor=write_place(log.epoch, Place(log.head, LAST)),
            recovered=made.recovered,
            messages=[
                each for each in told if each.concerns(account_id, hidden) and each.about_id not in heard
            ],
            friends=friends,
            unheard=_unheard(events, told),
        )


def tell_by(db: Database, tellers: Tellers) -> Tell:
    """How the hub gets what is to be told of events."""

    async def tell(events: Sequence[Happened]) -> list[Message]:
        messages = await db.read(lambda reader: tellers.tell(reader, events, log_of(reader).epoch))
        await _note_unheard(db, tellers, _unheard(events, messages))
        return messages

    return tell


def _unheard(events: Sequence[Happened], messages: Sequence[Message]) -> list[str]:
    """Of events of inboxes, the ids of those that tell nothing now."""
    told = {each.happened.id for each in messages}
    return [each.id for each in events if each.topic.startswith(INBOX_TOPICS) and each.id not in told]


async def _note_unheard(db: Database, tellers: Tellers, event_ids: Sequence[str]) -> None:
    def work(tx: Tx) -> None:
        note_unheard(tx, event_ids, lambda event: bool(tellers.tell(tx.db, [event], "")))

    if event_ids:
        await db.write(work)


def _missed(db: Reader, account_id: str, made: Plan) -> tuple[Plan, list[Happened]]:
    if made.after is None:
        return made, []
    events = missed(db, account_id, made.after, MAX_RECOVERY_EVENTS + 1)
    made = counted(made, len(events))
    return made, events if made.recovered else []


def _item(message: Message) -> InboxItem | None:
    """None: of a kind that stands among the notifications alone."""
    at = rfc3339(message.happened.at_us)
    match message.payload:
        case SocialNewFollow(follower=follower):
            return InboxItem(id=message.happened.id, at=at, username=follower.username, follower=follower)
        case SocialNewReaction(reaction=reaction, username=username):
            return InboxItem(id=message.happened.id, at=at, username=username, reaction=reaction)
        case SocialFollowRequest(requester=requester):
            return InboxItem(id=message.happened.id, at=at, username=requester.username, requester=requester)
        case SocialFollowAccepted(user=user):
            return InboxItem(id=message.happened.id, at=at, username=user.username, accepted=user)
        case _:
            return None


def _cursor(row: Happened) -> Cursor:
    return Cursor(row.commit << _PLACE_BITS | row.i, row.id)


def _place(cursor: Cursor) -> Place:
    return Place(cursor.at_us >> _PLACE_BITS, cursor.at_us & ((1 << _PLACE_BITS) - 1))
