"""A database door for tests: what it was told is kept, and can be waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from relay.engine.database import Database, Effect, Tx, open_database

LIMIT_S = 60


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
