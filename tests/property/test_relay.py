"""Rules of the relay for any order of things: pages, resuming, buckets, text that cannot break out."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relay.app.site.views import Views
from relay.core.buckets import Limit, full, spend
from relay.core.byte_ranges import byte_range
from relay.core.cursor import Cursor, read_cursor, write_cursor
from relay.core.refusal import Refusal
from relay.engine.database import Connection as Reader
from relay.engine.database import Tx
from relay.features.creations.api import Position, position
from relay.features.feeds import store as feeds
from relay.features.feeds.timeline import timeline
from relay.features.graph import store as graph
from relay.features.live.hub import Connection
from relay.wire.events import Connect, Event, FeedAuthorRemoved, FeedNewPost, read_payload
from tests.support.house import BASE_URL, House, house, new_post, waiting
from tests.support.postgres import PostgresServer, schema_of


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
    async def scenario(url: str) -> None:
        async with house(url) as here:
            owner = await here.account("anna")
            for at in times:  # equal times on purpose: the id decides
                await here.db.write(lambda tx, at=at: new_post(tx, owner, at_us=at))
            reads: dict[str, Callable[[Reader, Position], feeds.Page]] = {
                "of": lambda db, at: feeds.of(db, owner, at, BASE_URL),
                "timeline": lambda db, at: timeline(db, at, BASE_URL),
            }
            for name, read in reads.items():
                viewer = owner if name == "timeline" else None
                before = await here.db.read(partial(_ids, read, position(viewer, None, 100)))
                seen: list[str] = []
                cursor: str | None = None
                late = arrivals
                while not seen or cursor is not None:
                    at = position(viewer, cursor, limit)
                    page, cursor = await here.db.read(lambda db, at=at, read=read: read(db, at))
                    seen += [each.post.id for each in page]
                    for _ in range(late):
                        await here.db.write(lambda tx: new_post(tx, owner, at_us=1000))
                    late = 0
                    if not page:
                        break
                assert seen == before, name

    _run(scenario)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=30), st.integers(1, 4))
@example([(author, 1) for author in (6, 5, 4, 3, 2, 1, 0)], 2)
def test_a_timeline_is_all_that_those_followed_have_posted_also_in_one_microsecond(
    posted: list[tuple[int, int]], limit: int
) -> None:
    async def scenario(url: str) -> None:
        async with house(url) as here:
            people = [await here.account(f"author-{n}x") for n in range(7)]
            found: list[tuple[int, str]] = []
            for author, at_us in posted:
                id_ = await here.db.write(
                    lambda tx, who=people[author], at=at_us: new_post(tx, who, at_us=at)
                )
                found.append((at_us, id_))
            for other in people[1:]:
                await here.db.write(lambda tx, other=other: graph.begin_follow(tx, people[0], other))
            seen: list[str] = []
            cursor: str | None = ""
            while cursor is not None:
                at = position(people[0], cursor, limit)
                page, cursor = await here.db.read(lambda db, at=at: timeline(db, at, BASE_URL))
                assert len(page) == limit or cursor is None
                seen += [each.post.id for each in page]
            assert seen == [id_ for _, id_ in sorted(found, reverse=True)]

    _run(scenario)


def _ids(read: Callable[[Reader, Position], feeds.Page], at: Position, db: Reader) -> list[str]:
    return [each.post.id for each in read(db, at)[0]]


# Steps of a client's life: what it does after so many events, and how many more happen while it comes back: after it
# was registered but before its snapshot is read, and after that but before it is live. Held: this process hears of what
# committed only after the client has gone live, as when a reader is ahead of the loop.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["stay", "cut", "cut", "follow", "unfollow"]),
        st.integers(0, 5) | st.sampled_from([310]),
        st.integers(0, 3),
        st.integers(0, 3),
        st.booleans(),
    ),
    max_size=8,
)


MANY_WAITING = 1_000
"""Fewer events than SLOW_READER_BYTES has room for."""
Happening = Callable[[], Awaitable[None]]


class Follower:
    """A client that obeys the rules of the wire: it stores the cursor of what it applied, and comes back with it."""

    def __init__(self, here: House, account_id: str) -> None:
        self._here, self._account_id = here, account_id
        self.cursor: str | None = None
        self.applied: list[int] = []
        self.parted_with: set[str] = set()
        self.told_to_fetch: list[int] = []  # how many there were when it was told so
        self._connection: Connection | None = None

    async def connect(
        self, while_joining: Happening, while_read: Happening, count: Callable[[], int], held: bool
    ) -> None:
        here, connection = self._here, self._here.connection(self._account_id)
        here.held = held
        here.hub.register(connection)
        await while_joining()
        there = count()
        snapshot = await here.live.snapshot(connection, _connect(self.cursor))
        await while_read()
        if not snapshot.recovered:
            self.told_to_fetch.append(there)
        for message in snapshot.messages:
            self._apply(message.event(connection.encoding))
        self.cursor = snapshot.cursor
        here.hub.go_live(connection, snapshot.entry)
        here.held = False
        here.let_go()
        self._connection = connection

    async def is_let_go(self, waiting: int) -> bool:
        """Whether the relay has given it up as too slow, with so many events waiting or fewer."""
        assert self._connection is not None
        if waiting >= MANY_WAITING:
            await self._here.settled()
        return self._connection.outbox.closing is not None

    async def drain(self) -> None:
        assert self._connection is not None
        await self._here.settled()
        for event in await waiting(self._connection):
            self._apply(event)
        self._here.hub.remove(self._connection)

    def _apply(self, event: Event) -> None:
        match read_payload(event):
            case FeedNewPost(post=post):
                self.applied.append(int(post.title))
            case FeedAuthorRemoved(user_id=author):
                assert author in self.parted_with, "told of an end of following that was none"
            case other:
                raise AssertionError(other)
        self.cursor = event.cursor


def _connect(cursor: str | None) -> Connect:
    return Connect(cursor=cursor)


async def _a_life(url: str, steps: list[tuple[str, int, int, int, bool]]) -> None:
    async with house(url) as here:
        anna, ben = await here.account("anna"), await here.account("ben")
        await here.db.write(lambda tx: graph.begin_follow(tx, ben, anna))
        client = Follower(here, ben)
        head, following, heard, joined = 0, True, set[int](), 0

        async def happen(count: int) -> None:
            nonlocal head
            numbers = range(head + 1, head + count + 1)
            head += count
            if following:
                heard.update(numbers)
            for at in range(0, count, 50):  # together, so that several share a commit
                writes = (here.db.write(partial(_post, anna, number)) for number in numbers[at : at + 50])
                await asyncio.gather(*writes)

        await client.connect(partial(happen, 0), partial(happen, 0), lambda: head, held=False)
        for what, count, joining, read, held in steps:
            await happen(count)
            if await client.is_let_go(head - joined) or what == "cut":
                await client.drain()
                joined = head
                await client.connect(partial(happen, joining), partial(happen, read), lambda: head, held)
            if what in ("follow", "unfollow"):
                await here.db.write(partial(_follow_or_not, ben, anna, what))
                following = what == "follow"
                client.parted_with |= set() if following else {anna}
        await client.drain()
        applied = client.applied
        assert applied == sorted(set(applied)), "a double, or out of order"
        told = {each for there in client.told_to_fetch for each in range(1, there + 1)}
        assert heard - set(applied) <= told, "a hole that nobody speaks of"


def _post(owner_id: str, number: int, tx: Tx) -> None:
    new_post(tx, owner_id, title=str(number), at_us=number)


def _follow_or_not(follower_id: str, followee_id: str, what: str, tx: Tx) -> None:
    change = graph.begin_follow if what == "follow" else graph.unfollow
    change(tx, follower_id, followee_id)


@settings(max_examples=25, deadline=None)
@given(STEPS)
@example([("stay", 310, 0, 0, False)] * 5)  # more than one connection may leave unread
def test_each_event_comes_exactly_once_or_the_client_is_told(
    steps: list[tuple[str, int, int, int, bool]],
) -> None:
    _run(lambda url: _a_life(url, steps))


@pytest.mark.slow
def test_each_event_comes_exactly_once_on_postgresql(postgres: PostgresServer) -> None:
    @settings(max_examples=5, deadline=None)
    @given(STEPS)
    def lives(steps: list[tuple[str, int, int, int, bool]]) -> None:
        with schema_of(postgres) as schema:
            asyncio.run(_a_life(postgres.url(schema), steps))

    lives()


def _run(scenario: Callable[[str], Coroutine[None, None, None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(scenario(f"sqlite:///{Path(folder) / 'r.db'}"))


VIEWS = Views()


@given(st.text(alphabet="<>\"'&/{}%=`azé", max_size=40))
def test_no_text_of_a_stranger_becomes_markup(text: str) -> None:
    def shown(words: str) -> str:
        said = {"title": words, "detail": words, "next_step": words}
        around: dict[str, object] = {
            "session": None,
            "dev": False,
            "here": "",
            "sign_in_to": "",
            "may_appeal": False,
        }
        around["way"] = ("/", words)
        return VIEWS.render("trouble.html", **said, **around).decode()

    page, outside = shown(text), shown("x")
    assert page.count("<") == outside.count("<")
