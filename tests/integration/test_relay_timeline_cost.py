"""What a page of the timeline costs does not grow with what anybody has posted. Counted in steps of the engine, on both."""

import re
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from relay.app.listening import EFFECTS
from relay.core.visibility import Visibility
from relay.engine.database import Connection, Database, Tx, open_database
from relay.engine.database.door import sqlite_path
from relay.engine.database.sqlite import Checked, connect
from relay.features.accounts.api import ensure_account
from relay.features.creations.api import position
from relay.features.feeds.timeline import timeline
from relay.features.graph import store as graph
from tests.support.house import new_post

FOLLOWED, LIMIT = 24, 5
FEW, MANY = 4, 60
"""Posts of each author."""
GROWS_AT_MOST = 1.2
"""Deeper trees, and rows that an update left behind."""


class Counted:
    """PostgreSQL's connection. steps: rows that the nodes of all plans gave on, or looked at and passed over."""

    has_lateral = True

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._db.execute("SET LOCAL enable_seqscan = off")  # which is cheaper among so few
        self.steps = 0.0

    def execute(self, sql: str, values: dict[str, object]) -> object:
        loops = 1.0
        for (line,) in self._db.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {sql}", values).fetchall():
            if given := re.search(r"actual rows=([\d.]+) loops=(\d+)", line):
                loops = float(given[2])
                self.steps += float(given[1]) * loops
            elif passed := re.search(r"Rows Removed by .*: (\d+)", line):
                self.steps += float(passed[1]) * loops
        return self._db.execute(sql, values)


@dataclass
class Relay:
    """The first of the people follows all others."""

    db: Database
    url: str
    people: list[str]
    at_us: int = 0

    async def post(self, authors: list[str], count: int, visibility: Visibility = Visibility.PUBLIC) -> None:
        """So many each, one after the other, newer than all that there is."""

        def work(tx: Tx) -> None:
            for _ in range(count):
                for author in authors:
                    self.at_us += 1
                    new_post(tx, author, at_us=self.at_us, visibility=visibility)

        await self.db.write(work)

    async def steps_of_pages(self) -> list[float]:
        """Of the first two pages."""
        first, cursor = await self._steps(None)
        second, _ = await self._steps(cursor)
        return [first, second]

    async def _steps(self, cursor: str | None) -> tuple[float, str | None]:
        at = position(self.people[0], cursor, LIMIT)

        def work(reader: Connection) -> tuple[float, str | None]:
            counted = Counted(reader)
            _, following = timeline(counted, at, "")  # type: ignore[arg-type] # its values are those of timeline.py
            return counted.steps, following

        if (path := sqlite_path(self.url)) is None:
            return await self.db.read(work)
        with closing(connect(path, read_only=True)) as raw:
            steps: list[None] = []
            raw.set_progress_handler(lambda: steps.append(None), 1)
            _, following = timeline(Checked(raw), at, "")
            return len(steps), following


@pytest.fixture
async def relay(database_url: str) -> AsyncIterator[Relay]:
    db = open_database(database_url, effects=EFFECTS, on_commit=lambda _, __: None, on_lost=lambda _: None)

    def follow(tx: Tx) -> list[str]:
        people = [ensure_account(tx, f"person-{n}x", 0) for n in range(FOLLOWED + 1)]
        for other in people[1:]:
            graph.begin_follow(tx, people[0], other)
        return people

    yield Relay(db, database_url, await db.write(follow))
    await db.close()


async def test_a_timeline_costs_the_same_among_few_and_many_posts(relay: Relay) -> None:
    await relay.post(relay.people, FEW)
    among_few = await relay.steps_of_pages()
    await relay.post(relay.people, MANY)
    among_many = await relay.steps_of_pages()
    assert all(many <= few * GROWS_AT_MOST for few, many in zip(among_few, among_many, strict=True)), (
        among_few,
        among_many,
    )


async def test_nobodys_hidden_posts_make_a_timeline_of_others_dear(relay: Relay) -> None:
    """What followers do not find is in no index that is walked for them, however new it is."""
    await relay.post(relay.people, FEW)
    before = await relay.steps_of_pages()
    await relay.post(relay.people[-2:], MANY * 5, Visibility.PRIVATE)  # whose posts stand on the page
    assert await relay.steps_of_pages() == pytest.approx(before, rel=GROWS_AT_MOST - 1)


async def test_who_posts_without_end_costs_no_more_than_a_page(relay: Relay) -> None:
    await relay.post(relay.people, FEW)
    await relay.post(relay.people[1:2], LIMIT * 2 + 1)
    some = await relay.steps_of_pages()
    await relay.post(relay.people[1:2], MANY * 5)
    assert await relay.steps_of_pages() == pytest.approx(some, rel=GROWS_AT_MOST - 1)
