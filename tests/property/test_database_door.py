"""Whatever is asked of the door, together or one by one, comes out as a slow oracle says, and alike on both engines."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from relay.engine.database import ConstraintViolated, Tx
from tests.support.doors import Door, make_table, opened, outcomes, say
from tests.support.postgres import PostgresServer, schema_of


class Refused(Exception):
    """What a feature raises when it will not."""


class Step(Struct, frozen=True):
    """One statement of a piece: put fails where the id is taken."""

    deed: str
    id: int
    body: str


class Piece(Struct, frozen=True):
    steps: list[Step]
    tells: bool
    refuses: bool

    def __call__(self, tx: Tx) -> int:
        for step in self.steps:
            match step.deed:
                case "put":
                    tx.db.execute("INSERT INTO jotting (id, body) VALUES (?, ?)", (step.id, step.body))
                case "set":
                    tx.db.execute("UPDATE jotting SET body = body || ? WHERE id = ?", (step.body, step.id))
                case "cut":
                    tx.db.execute("DELETE FROM jotting WHERE id = :id", {"id": step.id})
        count = int(tx.db.execute("SELECT count(*) FROM jotting").fetchone()[0])
        if self.tells:
            say(tx, f"{count}")
        if self.refuses:
            raise Refused
        return count


class Oracle:
    """One piece after the other, each on a copy."""

    def __init__(self) -> None:
        self.rows: dict[int, str] = {}
        self.words: list[str] = []

    def run(self, piece: Piece) -> int | type[Exception]:
        rows = dict(self.rows)
        for step in piece.steps:
            if step.deed == "put" and step.id in rows:
                return ConstraintViolated
            if step.deed == "put":
                rows[step.id] = step.body
            elif step.deed == "set" and step.id in rows:
                rows[step.id] += step.body
            elif step.deed == "cut":
                rows.pop(step.id, None)
        if piece.refuses:
            return Refused
        self.rows = rows
        if piece.tells:
            self.words.append(f"{len(rows)}")
        return len(rows)


STEPS = st.builds(
    Step,
    st.sampled_from(["put", "put", "set", "cut"]),
    st.integers(0, 5),
    st.sampled_from(["a", "é'", "🎹\\"]),
)
PIECES = st.lists(
    st.builds(
        Piece, st.lists(STEPS, max_size=3), st.booleans(), st.sampled_from([False, False, False, True])
    ),
    max_size=24,
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('door') / 'relay.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with ExitStack() as stack:
        url = server.url(stack.enter_context(schema_of(server)))
        yield url


@settings(max_examples=30)
@given(pieces=PIECES, grouped=st.booleans())
def test_the_door_does_what_the_oracle_says(url: str, pieces: list[Piece], grouped: bool) -> None:
    asyncio.run(_compare(url, pieces, grouped=grouped))


async def _compare(url: str, pieces: list[Piece], *, grouped: bool) -> None:
    oracle = Oracle()
    expected = [oracle.run(piece) for piece in pieces]
    async with opened(url) as door:
        await door.do("DROP TABLE IF EXISTS jotting")
        await make_table(door, url)
        before = door.db.applied
        got = await outcomes(door, list(pieces), grouped=grouped)
        assert [type(each) if isinstance(each, Exception) else each for each in got] == expected
        assert await _rows(door) == oracle.rows
        assert door.words == oracle.words
        assert [commit for commit, _ in door.told] == list(range(before + 1, door.db.applied + 1))


async def _rows(door: Door) -> dict[int, str]:
    return await door.db.read(lambda db: dict(db.execute("SELECT id, body FROM jotting").fetchall()))
