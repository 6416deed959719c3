"""What is counted of a day is what its events and rows say, whatever happened in which order, and however often it was counted."""

import asyncio
import tempfile
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx
from relay.features.accounts import people
from relay.features.analytics import counting, events, opting_out
from relay.features.analytics.counting import STOP_BINS, Counting, Counts
from relay.features.analytics.events import DAY_US, THOUSANDTHS, EventKind
from relay.features.creations import changes
from tests.support.house import House, house, new_post
from tests.support.postgres import PostgresServer, schema_of

DAYS, POSTS, PEOPLE = 3, 4, 4
DAY = st.integers(0, DAYS - 1)  # before today
POST, WHO = st.integers(0, POSTS - 1), st.integers(0, PEOPLE - 1)
STEP = st.one_of(
    *[st.tuples(st.just("play"), DAY, POST, WHO)] * 4,
    *[st.tuples(st.just("stop"), DAY, POST, WHO, st.integers(0, THOUSANDTHS))] * 2,
    *[st.tuples(st.just("here"), DAY, WHO)] * 2,
    st.tuples(st.just("like"), DAY, POST, WHO),
    st.tuples(st.just("count"), DAY),
    st.tuples(st.just("delete"), POST),
    st.tuples(st.just("opt"), WHO, st.booleans()),
)
Step = tuple[object, ...]
STORY: list[Step] = [
    *[("play", 1, 0, who) for who in range(PEOPLE)],
    ("stop", 1, 0, 0, THOUSANDTHS),
    ("stop", 1, 0, 1, 0),
    ("count", 1),
    ("play", 1, 1, 0),  # late
    ("stop", 1, 0, 1, 999),
    ("count", 1),
    ("delete", 0),
    ("opt", 2, False),
    ("here", 0, 2),
    ("here", 0, 3),
    ("like", 0, 1, 2),
    ("like", 0, 1, 3),
]


class Scene:
    """Posts of two owners, and people who hear them."""

    def __init__(self, here: House, owners: list[str], people: list[str], posts: list[str]) -> None:
        self.db = here.db
        self.owners, self.people, self.posts = owners, people, posts
        self.today = now_us() // DAY_US
        self.counting = Counting(here.db)

    async def act(self, what: str, *detail: int) -> None:
        if what == "count":
            await self.counting.count(self.today - detail[0])
        else:
            await self.db.write(lambda tx: getattr(self, f"_{what}")(tx, *detail))

    def _play(self, tx: Tx, day: int, post: int, who: int) -> None:
        if changes.standing(tx.db, self.posts[post]) is not None:  # of others the play is refused before
            events.note_play(tx, self.posts[post], self.people[who], (self.today - day) * DAY_US)

    def _stop(self, tx: Tx, day: int, post: int, who: int, where: int) -> None:
        at_us = (self.today - day) * DAY_US
        events.note_stop(tx, self.posts[post], self.people[who], where, at_us)

    def _here(self, tx: Tx, day: int, who: int) -> None:
        at_us = (self.today - day) * DAY_US
        events.note_here(tx, [self.people[who]], at_us)
        people.note_active(tx, [self.people[who]], at_us)

    def _like(self, tx: Tx, day: int, post: int, who: int) -> None:
        tx.db.execute(
            "INSERT INTO creation_like (id, creation_id, account_id, emoji, created_us) VALUES (?, ?, ?, '❤️', ?)"
            " ON CONFLICT DO NOTHING",
            (f"{post:016x}{who:016x}", self.posts[post], self.people[who], (self.today - day) * DAY_US),
        )

    def _delete(self, tx: Tx, post: int) -> None:
        if (was := changes.standing(tx.db, self.posts[post])) is not None:
            changes.delete(tx, was, now_us())

    def _opt(self, tx: Tx, who: int, counted: bool) -> None:
        opting_out.choose(tx, self.people[who], counted)

    def slowly(self, db: Connection, day: int) -> Counts:
        """By hand, of each event and each row."""
        found = Counter[tuple[str, str, str]]()
        owner_of = dict(db.execute("SELECT id, owner_id FROM creation").fetchall())
        audiences, hearers = defaultdict[str, set[bytes]](set), set[bytes]()
        for about, who, times, _ in events.events_of(db, day, EventKind.PLAY):
            found[about, "plays", ""] += times
            found[about, "listeners", ""] += 1
            audiences[owner_of[about]].add(bytes(who))
            hearers.add(bytes(who))
        for owner, of_owner in audiences.items():
            found[owner, "audience", ""] = len(of_owner)
        found["", "hearers", ""] = len(hearers)
        for about, _, _, value in events.events_of(db, day, EventKind.STOP):
            found[about, "stops", str(min(value * STOP_BINS // THOUSANDTHS, STOP_BINS - 1))] += 1
        for kind, metric in ((EventKind.HERE, "active"), (EventKind.WEEK, "returned")):
            for _, _, _, week in events.events_of(db, day, kind):
                found["", metric, str(week)] += 1
        within = range(day * DAY_US, (day + 1) * DAY_US)
        private = {who for (who,) in db.execute("SELECT account_id FROM analytics_opt_out").fetchall()}
        liked = db.execute("SELECT account_id, created_us FROM creation_like").fetchall()
        found["", "engaged", ""] = len({who for who, at_us in liked if at_us in within} - private)
        return {key: n for key, n in found.items() if n}


def run(url: str, steps: list[Step]) -> None:
    async def whole() -> None:
        async with house(url) as here:
            owners = [await here.account(name) for name in ("anna", "ben")]
            people = [await here.account(f"fan-{n}") for n in range(PEOPLE)]
            posts = [await here.db.write(partial(new_post, owner_id=owners[n % 2])) for n in range(POSTS)]
            scene = Scene(here, owners, people, posts)
            for what, *detail in steps:
                await scene.act(str(what), *detail)  # type: ignore[arg-type]
            for day in range(scene.today - DAYS + 1, scene.today + 1):
                await scene.counting.count(day)
                await here.db.read(partial(check, scene, day))
                counted = await here.db.read(partial(stored, day))
                await scene.counting.count(day)
                assert await here.db.read(partial(stored, day)) == counted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "SLICE_EVENTS", 2)  # cut as the days of a large relay are
        asyncio.run(whole())


def stored(day: int, db: Connection) -> Counts:
    asked = "SELECT about, metric, slot, n FROM analytics_count WHERE day = ?"
    return {(about, metric, slot): n for about, metric, slot, n in db.execute(asked, (day,)).fetchall()}


def check(scene: Scene, day: int, db: Connection) -> None:
    assert stored(day, db) == scene.slowly(db, day)


@settings(max_examples=12, deadline=None)
@given(st.lists(STEP, max_size=24))
@example(STORY)
def test_a_day_is_counted_as_its_events_say(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(f"sqlite:///{Path(folder) / 'r.db'}", steps)


@settings(max_examples=2, deadline=None)
@given(steps=st.lists(STEP, max_size=24))
@example(steps=STORY)
def test_a_day_is_counted_as_its_events_say_on_postgresql(
    postgres: PostgresServer, steps: list[Step]
) -> None:
    with schema_of(postgres) as schema:
        run(postgres.url(schema), steps)
