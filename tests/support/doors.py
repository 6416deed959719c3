"""A database door for tests: what it was told is kept, and can be waited for."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from relay.engine.database import Database, Effect, Tx, open_database
from tests.support.deadlines import HANG_S

LIMIT_S = HANG_S


class Said(Effect, frozen=True, kw_only=True):
    word: str


class Counted(Effect, frozen=True, kw_only=True, tag="tests.counted"):
    count: int


@dataclass
class Door:
    """told: numbers and effects in the order they came; lost: what on_lost was called with."""

    db: Database = field(init=False)
    told: list[tuple[int, list[Effect]]] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def words(self) -> list[str]:
        return [effect.word for _, effects in self.told for effect in effects if isinstance(effect, Said)]

    async def ask(self, sql: str, *values: object) -> Any:
        """The one value that a statement selects."""
        return await self.db.read(lambda db: db.execute(sql, values).fetchone()[0], snapshot=False)

    async def do(self, sql: str, *values: object, **options: bool) -> None:
        await self.db.write(lambda tx: void(tx.db.execute(sql, values)), **options)

    async def say(self, word: str) -> int:
        """A write with an effect. Returns its commit's number."""
        return await self.db.write(lambda tx: say(tx, word))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what the door is told."""
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def on_commit(self, commit: int, effects: Sequence[Effect]) -> None:
        self.told.append((commit, list(effects)))
        self._news.set()

    def on_lost(self, commit: int) -> None:
        self.lost.append(commit)
        self._news.set()


def say(tx: Tx, word: str) -> int:
    tx.effects.append(Said(commit=tx.commit, word=word))
    return tx.commit


def void(_: object) -> None:
    """Of a statement whose answer nobody wants."""


@asynccontextmanager
async def opened(url: str, effects: Any = Said | Counted) -> AsyncIterator[Door]:
    door = Door()
    door.db = open_database(url, effects=effects, on_commit=door.on_commit, on_lost=door.on_lost)
    try:
        yield door
    finally:
        await door.db.close()


# a table to write in --------------------------------------------------------------------------------------------------

TABLE = "CREATE TABLE jotting (id BIGINT PRIMARY KEY, body TEXT, x DOUBLE PRECISION, raw {blob})"


async def make_table(door: Door, url: str) -> None:
    await door.do(TABLE.format(blob="BLOB" if url.startswith("sqlite") else "BYTEA"))


async def outcomes(
    door: Door, pieces: list[Callable[[Tx], object]], *, grouped: bool
) -> list[object | BaseException]:
    """What each write gave or raised; grouped: the writer is held until all of them wait."""
    if not grouped:
        return [(await asyncio.gather(door.db.write(piece), return_exceptions=True))[0] for piece in pieces]
    go, inside = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(tx: Tx) -> None:
        loop.call_soon_threadsafe(inside.set)
        assert go.wait(LIMIT_S)

    holding = asyncio.create_task(door.db.write(hold))
    await inside.wait()
    waiting = [asyncio.ensure_future(door.db.write(piece)) for piece in pieces]
    await asyncio.sleep(0)  # let them ask
    go.set()
    await holding
    return await asyncio.gather(*waiting, return_exceptions=True)


def note(id_: int, body: str | None = None) -> Callable[[Tx], object]:
    return lambda tx: void(tx.db.execute("INSERT INTO jotting (id, body) VALUES (?, ?)", (id_, body)))


async def notes(door: Door) -> list[int]:
    return await door.db.read(lambda db: [row[0] for row in db.execute("SELECT id FROM jotting ORDER BY id")])
