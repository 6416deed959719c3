"""The hub without sockets: budgets, batches, effects and who hears of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest

from relay.core.presence import GRACE_US, OFFLINE
from relay.core.visibility import Audience
from relay.engine.bus.memory import MemoryBus, MemoryWire
from relay.engine.clock import now_us
from relay.engine.database import DatabaseBusy, Effect
from relay.features.live import presence as presence_module
from relay.features.live.encoding import Encoded, Encoding
from relay.features.live.hub import Connection, Entry, Hub
from relay.features.live.outbox import Outbox
from relay.features.live.presence import PresenceBoard
from relay.features.live.recovery import Place, write_cursor
from relay.features.live.store import Blocked, Followed, Happened, Unfollowed, author_topic, inbox_topic
from relay.features.live.telling import Delivery, Message
from relay.wire.events import (
    CLOSE_EXPIRED,
    CLOSE_REVOKED,
    CLOSE_SHUTDOWN,
    CLOSE_SLOW,
    MAX_BATCH,
    Disconnect,
    Event,
    Frames,
    FromRelay,
    Pong,
    Presence,
    PresenceUpdate,
    SocialNewFollow,
    read_payload,
)
from relay.wire.rest import Producer

ANNA, BEN, CARL = "a" * 32, "b" * 32, "c" * 32
EPOCH = "e" * 16
PAYLOAD = SocialNewFollow(follower=Producer(id=BEN, username="ben", display_name="Ben"))
FRAMES = {Encoding.JSON: Frames(json=True), Encoding.MSGPACK: Frames(json=False)}
DEADLINE_S = 30.0


def happened(commit: int, i: int = 0, *, topic: str = author_topic(ANNA), actor: str = ANNA) -> Happened:
    id_ = f"{commit:016x}{i:016x}"
    return Happened(
        commit=commit, i=i, topic=topic, kind="post", actor_id=actor, object_id=CARL, id=id_, at_us=commit
    )


class Teller:
    """What the hub asks of what happened: told to `audience`, unless its id is in `gone`."""

    def __init__(self) -> None:
        self.audience = Audience.EVERYBODY
        self.gone: set[str] = set()
        self.asked: list[str] = []
        self.busy = 0

    async def __call__(self, events: Sequence[Happened]) -> list[Message]:
        if self.busy:
            self.busy -= 1
            raise DatabaseBusy("for a moment")
        self.asked += [each.id for each in events]
        told = Delivery(payload=PAYLOAD, audience=self.audience)
        return [Message(each, told, EPOCH) for each in events if each.id not in self.gone]


class Desk:
    """A hub that runs. `commit` comes back when it has been handed out."""

    def __init__(self) -> None:
        self.teller = Teller()
        self.hub = Hub(self.teller)

    async def commit(self, number: int, *effects: Effect) -> None:
        self.hub.commit(number, effects)
        await self.until(number)

    async def until(self, number: int) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while self.hub.applied < number:
                await asyncio.sleep(0)

    def join(self, connection: Connection, commit: int = 0, *topics: str, **entry: object) -> Connection:
        self.hub.register(connection)
        self.go_live(connection, commit, *topics, **entry)
        return connection

    def go_live(self, connection: Connection, commit: int, *topics: str, **entry: object) -> None:
        values = {"hidden": frozenset(), "hears_all": False} | entry
        self.hub.go_live(connection, Entry(commit=commit, topics=list(topics), **values))  # type: ignore[arg-type]


@asynccontextmanager
async def running() -> AsyncIterator[Desk]:
    desk = Desk()
    task = asyncio.create_task(desk.hub.run())
    try:
        yield desk
    finally:
        assert not task.done()
        task.cancel()


def connection(
    account_id: str = ANNA, encoding: Encoding = Encoding.MSGPACK, device: str | None = "d", **more: str
) -> Connection:
    values = {"family_id": "f" * 32} | more
    return Connection(account_id=account_id, device=device, encoding=encoding, **values)


async def said(mine: Connection) -> list[FromRelay]:
    """Everything that waits; the connection is closed by it."""
    mine.outbox.close(CLOSE_SHUTDOWN, "")
    return await messages(mine.outbox)


async def messages(outbox: Outbox) -> list[FromRelay]:
    found: list[FromRelay] = []
    while (data := outbox.next_frame()) is not None:
        number, some = FRAMES[Encoding.MSGPACK].of_relay(data)
        assert number == len(found) + 1, "numbered without a hole"
        found += [each for each in some if each is not None]
    return found


async def cursors(mine: Connection) -> list[str | None]:
    return [each.cursor for each in await said(mine) if isinstance(each, Event)]


def cursor(commit: int, i: int = 0) -> str:
    return write_cursor(EPOCH, Place(commit, i))


# frames ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("count", [1, 14, 15, 16, MAX_BATCH])
async def test_batches_are_frames_of_the_wire(encoding: Encoding, count: int) -> None:
    outbox = Outbox(encoding)
    for r in range(count):
        outbox.offer(Encoded(Pong(r=r)))
    data = outbox.next_frame()
    assert data is not None
    assert FRAMES[encoding].of_relay(data) == (1, [Pong(r=r) for r in range(count)])


async def test_a_frame_never_has_more_than_the_batch_and_the_next_goes_on_counting() -> None:
    outbox = Outbox(Encoding.MSGPACK)
    for r in range(MAX_BATCH + 1):
        outbox.offer(Encoded(Pong(r=r)))
    first, second = outbox.next_frame(), outbox.next_frame()
    assert first and second
    of_relay = FRAMES[Encoding.MSGPACK].of_relay
    assert (of_relay(first)[0], len(of_relay(first)[1])) == (1, MAX_BATCH)
    assert of_relay(second) == (MAX_BATCH + 1, [Pong(r=MAX_BATCH)])


async def test_what_is_sent_at_once_is_counted_too() -> None:
    outbox = Outbox(Encoding.MSGPACK)
    assert FRAMES[Encoding.MSGPACK].of_relay(outbox.numbered(Encoded(Pong()))) == (1, [Pong()])
    outbox.offer(Encoded(Pong(r=2)))
    data = outbox.next_frame()
    assert data and FRAMES[Encoding.MSGPACK].of_relay(data) == (2, [Pong(r=2)])


class Recorder:
    """Writes at once while there is room. told: what else it was asked."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.room = [True]
        self.told: list[str] = []

    def write_now(self, data: bytes, is_text: bool, /) -> bool:
        if self.room:
            self.written.append(data)
        return bool(self.room)

    def wake(self) -> None:
        self.told.append("wake")

    def give_up(self) -> None:
        self.told.append("slow")


async def test_what_is_flushed_goes_out_at_once_in_one_frame_and_never_before_what_is_on_its_way() -> None:
    outbox, writer = Outbox(Encoding.MSGPACK), Recorder()
    written, room = writer.written, writer.room
    outbox.goes_to(writer)
    assert [outbox.add(Encoded(Pong(r=r))) for r in (1, 2)] == [True, False]
    outbox.flush()
    outbox.flush()
    assert [FRAMES[Encoding.MSGPACK].of_relay(each) for each in written] == [(1, [Pong(r=1), Pong(r=2)])]
    room.clear()  # the reader is behind: the rest waits for the task that writes
    outbox.add(Encoded(Pong(r=3)))
    outbox.flush()
    data = outbox.next_frame()
    assert data is not None and FRAMES[Encoding.MSGPACK].of_relay(data) == (3, [Pong(r=3)])
    room.append(True)  # which has not written it yet
    outbox.add(Encoded(Pong(r=4)))
    outbox.flush()
    assert len(written) == 1
    outbox.sent()
    outbox.flush()
    assert FRAMES[Encoding.MSGPACK].of_relay(written[1]) == (4, [Pong(r=4)])
    outbox.close(CLOSE_SHUTDOWN, "")
    outbox.flush()
    assert len(written) == 2
    data = outbox.next_frame()
    assert data is not None and outbox.next_frame() is None


async def test_a_reader_past_its_budget_is_given_up_and_holds_nothing() -> None:
    outbox = Outbox(Encoding.MSGPACK, limit_bytes=1000)
    message, writer = Encoded(Pong(r=1)), Recorder()
    outbox.goes_to(writer)
    for _ in range(1000):
        outbox.offer(message)
    assert writer.told == ["wake", "slow", "wake"], "woken for the first, and for the last word"
    left = await messages(outbox)
    assert [each.code for each in left] == [CLOSE_SLOW]  # type: ignore[union-attr]


async def test_a_message_is_encoded_once_for_all_listeners() -> None:
    message = Encoded(Pong(r=1))
    assert message.as_bytes(Encoding.JSON) is message.as_bytes(Encoding.JSON)
    event = Message(happened(1), Delivery(payload=PAYLOAD, audience=Audience.EVERYBODY), EPOCH)
    assert event.as_bytes(Encoding.MSGPACK) is event.as_bytes(Encoding.MSGPACK)


def test_client_frames_are_bounded() -> None:
    ping = b'{"t":"ping"}'
    assert len(FRAMES[Encoding.JSON].of_client(b"[" + b",".join([ping] * MAX_BATCH) + b"]")) == MAX_BATCH
    for count in (0, MAX_BATCH + 1):
        with pytest.raises(msgspec.ValidationError):
            FRAMES[Encoding.JSON].of_client(b"[" + b",".join([ping] * count) + b"]")


# events ---------------------------------------------------------------------------------------------------------


async def test_effects_before_the_snapshot_are_dropped_and_later_ones_kept_in_order() -> None:
    async with running() as desk:
        mine = connection()
        desk.hub.register(mine)
        await desk.commit(1, happened(1))
        await desk.commit(2, happened(2), happened(2, 1))
        desk.go_live(mine, 1, author_topic(ANNA))
        await desk.commit(3, happened(3))
        assert await cursors(mine) == [cursor(2), cursor(2, 1), cursor(3)]


@pytest.mark.parametrize("commits_ahead", [1, 3])
async def test_a_snapshot_ahead_of_this_process_is_caught_up_with_before_anything_is_told(
    commits_ahead: int,
) -> None:
    """A reader sees a commit before the loop hears of it: what the snapshot has must not come a second time."""
    async with running() as desk:
        mine = connection()
        await desk.commit(1, happened(1))
        desk.hub.register(mine)
        desk.go_live(mine, 1 + commits_ahead, author_topic(ANNA))
        assert mine.joining is not None, "it collects until this process has handed out what it was sent"
        for number in range(2, 3 + commits_ahead):
            await desk.commit(number, happened(number))
        assert mine.joining is None
        assert await cursors(mine) == [cursor(2 + commits_ahead)]


async def test_following_adds_the_topic_and_unfollowing_ends_it() -> None:
    async with running() as desk:
        mine = desk.join(connection(), 0, author_topic(ANNA), inbox_topic(ANNA))
        of_ben = author_topic(BEN)
        await desk.commit(1, happened(1, topic=of_ben, actor=BEN))
        await desk.commit(2, Followed(commit=2, follower_id=ANNA, followee_id=BEN))
        await desk.commit(3, happened(3, topic=of_ben, actor=BEN))
        await desk.commit(4, Unfollowed(commit=4, follower_id=ANNA, followee_id=BEN))
        await desk.commit(5, happened(5, topic=of_ben, actor=BEN))
        assert await cursors(mine) == [cursor(3)]


async def test_who_follows_while_joining_hears_from_that_commit_on() -> None:
    async with running() as desk:
        mine, of_ben = connection(), author_topic(BEN)
        desk.hub.register(mine)
        await desk.commit(1, happened(1, topic=of_ben, actor=BEN))
        await desk.commit(2, Followed(commit=2, follower_id=ANNA, followee_id=BEN))
        await desk.commit(3, happened(3, topic=of_ben, actor=BEN))
        desk.go_live(mine, 0, author_topic(ANNA))
        assert await cursors(mine) == [cursor(3)]


@pytest.mark.parametrize(("blocker", "blocked"), [(ANNA, BEN), (BEN, ANNA)])
async def test_nobody_hears_of_whom_they_block_or_who_blocks_them(blocker: str, blocked: str) -> None:
    async with running() as desk:
        mine = desk.join(connection(), 0, inbox_topic(ANNA))
        topic = inbox_topic(ANNA)
        await desk.commit(1, Blocked(commit=1, blocker_id=blocker, blocked_id=blocked, blocked=True))
        await desk.commit(2, happened(2, topic=topic, actor=BEN), happened(2, 1, topic=topic, actor=CARL))
        await desk.commit(3, Blocked(commit=3, blocker_id=blocker, blocked_id=blocked, blocked=False))
        await desk.commit(4, happened(4, topic=topic, actor=BEN))
        assert await cursors(mine) == [cursor(2, 1), cursor(4)]


@pytest.mark.parametrize(
    ("audience", "heard_by"),
    [
        (Audience.EVERYBODY, {"author", "follower", "anybody"}),
        (Audience.FOLLOWERS, {"author", "follower"}),
        (Audience.OWNER, {"author"}),
        (Audience.NOBODY, set()),
    ],
)
async def test_an_audience_is_who_hears_and_nobody_else(audience: Audience, heard_by: set[str]) -> None:
    async with running() as desk:
        desk.teller.audience = audience
        everybody = {
            "author": desk.join(connection(ANNA), 0, author_topic(ANNA)),
            "follower": desk.join(connection(BEN), 0, author_topic(ANNA)),
            "anybody": desk.join(connection(CARL), 0, hears_all=True),
            "nobody": desk.join(connection(CARL, device="x"), 0, author_topic(CARL)),
        }
        await desk.commit(1, happened(1))
        assert {name for name, each in everybody.items() if await cursors(each)} == heard_by


async def test_what_is_told_of_no_more_is_told_to_nobody() -> None:
    async with running() as desk:
        mine = desk.join(connection(), 0, author_topic(ANNA))
        desk.teller.gone.add(happened(1).id)
        await desk.commit(1, happened(1))
        await desk.commit(2, happened(2))
        assert await cursors(mine) == [cursor(2)]


async def test_events_that_nobody_here_listens_to_are_not_read() -> None:
    async with running() as desk:
        desk.join(connection(), 0, author_topic(ANNA))
        await desk.commit(1, happened(1, topic=author_topic(CARL)))
        assert desk.teller.asked == []


async def test_a_database_that_is_busy_makes_events_late_and_loses_none() -> None:
    async with running() as desk:
        mine = desk.join(connection(), 0, author_topic(ANNA))
        desk.teller.busy = 2
        await desk.commit(1, happened(1))
        assert await cursors(mine) == [cursor(1)]


async def test_a_lost_place_in_the_log_sends_everybody_to_ask_again() -> None:
    async with running() as desk:
        mine = desk.join(connection(), 0, author_topic(ANNA))
        desk.hub.lost(7)
        assert desk.hub.applied == 7
        (last,) = await messages(mine.outbox)
        assert isinstance(last, Disconnect) and last.code == CLOSE_SHUTDOWN


async def test_the_end_of_a_sign_in_closes_its_connections_only() -> None:
    async with running() as desk:
        mine = desk.join(connection())
        other = desk.join(connection(BEN, device="e", family_id="0" * 32))
        browser = desk.join(connection(BEN, device=None, family_id="1" * 32, session_id="s" * 32))
        desk.hub.end_family("f" * 32)
        assert mine.outbox.closing is not None and mine.outbox.closing.code == CLOSE_REVOKED
        assert other.outbox.closing is None and browser.outbox.closing is None
        desk.hub.end_session("s" * 32)
        assert browser.outbox.closing is not None and browser.outbox.closing.code == CLOSE_REVOKED
        assert other.outbox.closing is None


async def test_a_connection_ends_with_its_access_token_and_not_before() -> None:
    async with running() as desk:
        joining, past, later = connection(), desk.join(connection()), desk.join(connection(BEN, device="e"))
        desk.hub.register(joining)
        past.expires_us, later.expires_us = now_us(), now_us() + 60_000_000
        await desk.hub.end_expired()
        assert past.outbox.closing is not None and past.outbox.closing.code == CLOSE_EXPIRED
        assert later.outbox.closing is None and joining.outbox.closing is None
        await desk.hub.end_expired()
        (last,) = await messages(past.outbox)
        assert isinstance(last, Disconnect), "told once"


async def test_a_removed_connection_leaves_nothing_behind() -> None:
    async with running() as desk:
        mine = desk.join(connection(), 0, author_topic(ANNA))
        ahead = desk.join(connection(device="x"), 1, author_topic(ANNA))
        desk.hub.remove(mine)
        desk.hub.remove(ahead)
        await desk.commit(1, happened(1))
        assert len(desk.hub) == 0 and desk.hub.has_room(ANNA) and desk.teller.asked == []
        for each in (mine, ahead):
            assert each.outbox.next_frame() is None


# presence -------------------------------------------------------------------------------------------------------


async def presences(mine: Connection) -> list[PresenceUpdate]:
    told = [
        read_payload(each) for each in await said(mine) if isinstance(each, Event) and each.cursor is None
    ]
    return [each for each in told if isinstance(each, PresenceUpdate)]


def board_of(hub: Hub) -> PresenceBoard:
    async def names(_: list[str]) -> dict[str, str]:
        return {ANNA: "anna", BEN: "ben"}

    return PresenceBoard(hub, MemoryBus(MemoryWire()), names)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The time that presence goes by, in its only entry."""
    now = [1]
    monkeypatch.setattr(presence_module, "now_us", lambda: now[0])
    return now


async def test_presence_reaches_followers_and_not_oneself(clock: list[int]) -> None:
    async with running() as desk:
        board = board_of(desk.hub)
        anna = desk.join(connection(ANNA), 0, author_topic(ANNA))
        ben = desk.join(connection(BEN), 0, author_topic(ANNA))
        board.arrived(ANNA, "anna")
        board.say(anna, Presence(status="producing", bpm=128.0))
        assert board.is_live(ANNA) and not board.is_live(BEN)
        assert await presences(anna) == []
        (seen,) = await presences(ben)
        assert (seen.username, seen.status, seen.bpm) == ("anna", "producing", 128.0)


async def test_who_makes_music_is_told_before_a_post_may_come_of_it(clock: list[int]) -> None:
    async with running() as desk:
        board, told = board_of(desk.hub), list[str]()
        board.on_live = lambda: told.append("live")
        anna = desk.join(connection(ANNA), 0)
        for status in ("away", "producing", "recording", "online"):
            board.say(anna, Presence(status=status))
            told.append(status)
    assert told == ["away", "live", "producing", "live", "recording", "live", "online"]


@pytest.mark.parametrize("blocker", [ANNA, BEN])
async def test_presence_is_not_told_across_a_block(clock: list[int], blocker: str) -> None:
    async with running() as desk:
        board = board_of(desk.hub)
        anna = desk.join(connection(ANNA), 0, author_topic(ANNA))
        ben = desk.join(connection(BEN), 0, author_topic(ANNA))
        board.arrived(ANNA, "anna")
        other = BEN if blocker == ANNA else ANNA
        await desk.commit(1, Blocked(commit=1, blocker_id=blocker, blocked_id=other, blocked=True))
        board.say(anna, Presence(status="producing"))
        assert await presences(ben) == []


async def test_who_begins_to_follow_sees_presence_at_once_and_who_parts_sees_none(clock: list[int]) -> None:
    async with running() as desk:
        board = board_of(desk.hub)
        anna = desk.join(connection(ANNA), 0, author_topic(ANNA))
        ben = desk.join(connection(BEN), 0, author_topic(BEN))
        board.arrived(ANNA, "anna")
        board.say(anna, Presence(status="recording"))
        await desk.commit(1, Followed(commit=1, follower_id=BEN, followee_id=ANNA))
        await desk.commit(2, Unfollowed(commit=2, follower_id=BEN, followee_id=ANNA))
        assert [each.status for each in await presences(ben)] == ["recording", OFFLINE]


async def test_a_device_that_is_back_before_its_old_connection_is_gone_has_not_left(clock: list[int]) -> None:
    """As after a sleep: the old socket is found dead when the new one has long said what the device does."""
    async with running() as desk:
        board = board_of(desk.hub)
        ben = desk.join(connection(BEN), 0, author_topic(ANNA))
        old, new = desk.join(connection(ANNA)), desk.join(connection(ANNA))
        board.arrived(ANNA, "anna")
        board.say(new, Presence(status="producing"))
        for gone, still_here in ((old, True), (new, False)):
            is_here = desk.hub.remove(gone)
            assert is_here is still_here
            if not is_here:
                board.left(gone)
            clock[0] += GRACE_US
            await board.tick()
            assert board.is_live(ANNA) is still_here
        assert [each.status for each in await presences(ben)] == ["producing", OFFLINE]
