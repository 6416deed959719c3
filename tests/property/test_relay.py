"""Rules of the relay for any order of things: pages, resuming, buckets, text that cannot break out."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.app.site.views import Views
from relay.core.buckets import Limit, full, spend
from relay.core.byte_ranges import byte_range
from relay.core.cursor import Cursor, read_cursor, write_cursor
from relay.core.refusal import Refusal
from relay.engine.clock import new_id
from relay.engine.database import Database, Tx
from relay.services.accounts import ensure_account
from relay.services.events import append, author_channel
from relay.services.hub import Connection, Encoding, Hub
from relay.services.live import Live
from relay.services.posts import Figures, NewPost, Posts, publish
from relay.services.social import Social
from relay.wire.events import (
    ChannelAdded,
    ChannelRemoved,
    Event,
    Position,
    RelayFrame,
    SocialNewFollow,
)
from relay.wire.rest import FollowRequest, Producer

FIGURES = Figures(
    frames=4, sample_rate_hz=48_000, duration_ms=1, duration_bars=None, lufs=None, dbtp=None,
    loudness_reason="silent", mp3_frames=4, mp3_rate_hz=48_000, bar_fractions=[], peak_min=[0], peak_max=[0],
)  # fmt: skip


@given(st.integers(0, 10**16 - 1), st.binary(min_size=16, max_size=16))
def test_a_cursor_reads_as_it_was_written(at_us: int, raw: bytes) -> None:
    cursor = Cursor(at_us, raw.hex())
    assert read_cursor(write_cursor(cursor)) == cursor


@given(st.text(max_size=200))
def test_any_cursor_is_read_or_refused(text: str) -> None:
    try:
        read_cursor(text)
    except Refusal as refusal:
        assert refusal.code == "cursor_invalid"


@given(st.text(max_size=40) | st.from_regex(r"bytes=\d{0,4}-\d{0,4}", fullmatch=True), st.integers(1, 5000))
def test_any_range_lies_inside_the_file(header: str, size: int) -> None:
    try:
        part = byte_range(header, size)
    except Refusal as refusal:
        assert refusal.code == "range_not_satisfiable"
    else:
        assert part is None or 0 <= part[0] < part[1] <= size


@given(st.lists(st.integers(0, 3_000_000), max_size=60), st.integers(1, 9))
def test_no_window_sees_more_than_twice_the_limit(gaps_us: list[int], count: int) -> None:
    limit = Limit(count, 5_000_000)
    now, bucket, allowed = 0, full(limit, 0), []
    for gap in gaps_us:
        now += gap
        spent = spend(bucket, limit, now)
        bucket = spent.bucket
        if spent.allowed:
            allowed.append(now)
    for start in allowed:
        assert sum(start <= at < start + limit.window_us for at in allowed) <= 2 * count


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=0, max_size=40), st.integers(1, 7), st.integers(0, 3))
def test_pages_are_the_whole_feed_once_whatever_is_posted_meanwhile(
    times: list[int], limit: int, arrivals: int
) -> None:
    async def scenario(folder: Path) -> None:
        db = Database(folder / "r.db", lambda _: None)
        owner = await db.write(lambda tx: ensure_account(tx, "anna", 0))
        for at in times:  # equal times on purpose: the id decides
            await db.write(lambda tx, at=at: publish(tx, _post(owner, at)))
        posts = Posts(db, "")
        reads = {
            "newest": posts.newest,
            "of": partial(posts.of, owner),
            "timeline": partial(posts.timeline, owner),
        }
        for name, read in reads.items():
            before = [each.post.id for each in (await posts.newest(None, None, 100))[0]]
            seen: list[str] = []
            cursor: str | None = None
            late = arrivals
            while not seen or cursor is not None:
                page, cursor = (
                    await read(cursor, limit) if name == "timeline" else await read(None, cursor, limit)
                )
                seen += [each.post.id for each in page]
                for _ in range(late):
                    await db.write(lambda tx: publish(tx, _post(owner, 1000)))
                late = 0
                if not page:
                    break
            assert seen == before
        await db.close()

    _run(scenario)


def _post(owner_id: str, at_us: int) -> NewPost:
    return NewPost(
        id=new_id(), version_id=new_id(), owner_id=owner_id, title="", bpm=None, key=None, genre=[], daw=None,
        figures=FIGURES, assets=[], at_us=at_us,
    )  # fmt: skip


# Steps of a client's life: what it does after so many events, and how many more happen while it comes back: after it
# was registered but before its snapshot is read, and after that but before it is live.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["stay", "cut", "cut", "follow", "unfollow"]),
        st.integers(0, 5) | st.sampled_from([310]),
        st.integers(0, 3),
        st.integers(0, 3),
    ),
    max_size=8,
)


Happening = Callable[[], Awaitable[None]]


class Follower:
    """A client that obeys the rules of the wire: apply offset+1, drop what it has seen, never meet a hole."""

    def __init__(self, live: Live, hub: Hub, account_id: str, ch: str) -> None:
        self._live, self._hub, self._account_id, self._ch = live, hub, account_id, ch
        self.positions: dict[str, Position] = {}
        self.applied: list[int] = []
        self.refetched_to: list[int] = []
        self._connection: Connection | None = None

    async def connect(self, while_joining: Happening, while_read: Happening) -> None:
        connection = Connection(
            account_id=self._account_id, device=None, family_id=None, encoding=Encoding.MSGPACK
        )
        self._hub.register(connection, "ben")
        await while_joining()
        snapshot = await self._live.snapshot(connection, self.positions)
        await while_read()
        for ch, state in snapshot.channels.items():
            for event in state.events:
                self._apply(event)
            if not state.recovered and ch == self._ch:
                self.refetched_to.append(state.head)
            self.positions[ch] = Position(epoch=state.epoch, offset=state.head)
        self._live.go_live(connection, snapshot, global_feed=False)
        self._connection = connection

    async def drain(self) -> None:
        assert self._connection is not None
        self._connection.outbox.close(3001, "")
        while (data := await self._connection.outbox.next_frame()) is not None:
            for message in msgspec.msgpack.decode(data, type=RelayFrame):  # type: ignore[arg-type]
                match message:
                    case Event():
                        self._apply(message)
                    case ChannelAdded(ch=ch, epoch=epoch, head=head):
                        self.positions[ch] = Position(epoch=epoch, offset=head)
                    case ChannelRemoved(ch=ch):
                        del self.positions[ch]
        self._hub.remove(self._connection, 0)

    def _apply(self, event: Event) -> None:
        held = self.positions[event.ch]
        assert event.o == held.offset + 1, "a hole or a double"
        self.positions[event.ch] = Position(epoch=held.epoch, offset=event.o)
        if event.ch == self._ch:
            self.applied.append(event.o)


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_each_event_comes_exactly_once_or_the_client_is_told(steps: list[tuple[str, int, bool]]) -> None:
    async def scenario(folder: Path) -> None:
        hub = Hub("http://r")
        db = Database(folder / "r.db", hub.commit)
        anna = await db.write(lambda tx: ensure_account(tx, "anna", 0))
        ben = await db.write(lambda tx: ensure_account(tx, "ben", 0))
        ch = author_channel(anna)
        social = Social(db, "http://r")
        await social.follow(ben, FollowRequest(user_id=anna))
        client = Follower(Live(db, hub, "http://r"), hub, ben, ch)
        client.positions[ch] = await db.read(lambda reader: _position(reader, ch))
        head, following, heard = 0, True, set[int]()

        async def happen(count: int) -> None:
            nonlocal head
            await asyncio.gather(*(db.write(lambda tx: _happen(tx, ch)) for _ in range(count)))
            if following:
                heard.update(range(head + 1, head + count + 1))
            head += count

        await client.connect(partial(happen, 0), partial(happen, 0))
        for what, count, joining, read in steps:
            await happen(count)
            if what == "cut":
                await client.drain()
                await client.connect(partial(happen, joining), partial(happen, read))
            if what in ("follow", "unfollow"):
                change = social.follow if what == "follow" else social.unfollow
                await change(ben, FollowRequest(user_id=anna))
                following = what == "follow"
        await client.drain()
        await db.close()
        applied = client.applied
        assert applied == sorted(set(applied))
        told = {each for head_ in client.refetched_to for each in range(1, head_ + 1)}
        assert heard - set(applied) <= told

    _run(scenario)


def _happen(tx: Tx, ch: str) -> None:
    append(tx, ch, SocialNewFollow(follower=Producer(id="a" * 32, username="carl", display_name="Carl")), 0)


def _position(db: sqlite3.Connection, ch: str) -> Position:
    epoch, head = db.execute("SELECT epoch, head FROM channel WHERE ch = ?", (ch,)).fetchone()
    return Position(epoch=epoch, offset=head)


def _run(scenario: "object") -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(scenario(Path(folder)))  # type: ignore[operator]


VIEWS = Views()


@given(st.text(alphabet="<>\"'&/{}%=`azé", max_size=40))
def test_no_text_of_a_stranger_becomes_markup(text: str) -> None:
    page = VIEWS.render("trouble.html", session=None, dev=False, here="", title=text, detail=text).decode()
    outside = VIEWS.render("trouble.html", session=None, dev=False, here="", title="x", detail="x").decode()
    assert page.count("<") == outside.count("<")
