"""What it costs to come back: as many statements for who follows hundreds as for who follows one."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from relay.engine.database import Connection, Database
from relay.engine.database.door import Values
from relay.features.graph.store import begin_follow
from tests.support.house import House, house, new_post

T = TypeVar("T")
MANY = 120
STATEMENTS = 12
"""A handful, and those that read what is told of a page's worth of events."""


class Counting:
    """A reader's connection."""

    def __init__(self, reader: Connection) -> None:
        self._reader = reader
        self.asked: list[str] = []

    def execute(self, sql: str, values: Values = ()) -> Any:  # any: rows of whatever it selects
        self.asked.append(sql)
        return self._reader.execute(sql, values)


class CountingDatabase:
    """asked: of the last read."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.asked: list[str] = []

    async def read(self, work: Callable[[Connection], T], *, snapshot: bool = True) -> T:
        def counted(reader: Connection) -> T:
            counting = Counting(reader)
            result = work(cast(Connection, counting))
            self.asked = counting.asked
            return result

        return await self._db.read(counted, snapshot=snapshot)

    async def write(self, work: Any, *, apart: bool = False) -> Any:  # any: passed on
        return await self._db.write(work, apart=apart)


async def statements(made: House, followees: int) -> int:
    """Of somebody who missed a post of each of them."""
    fan = await made.account(f"fan{followees}")
    authors = [await made.account(f"author{followees}x{n}") for n in range(followees)]
    for author in authors:
        await made.db.write(lambda tx, author=author: begin_follow(tx, fan, author))  # type: ignore[misc]
    cursor = (await made.join(made.connection(fan), None)).cursor
    await made.db.write(lambda tx: [new_post(tx, author) for author in authors])
    counting = CountingDatabase(made.db)
    made.live._db = cast(Database, counting)
    snapshot = await made.join(made.connection(fan), cursor)
    made.live._db = made.db
    assert snapshot.recovered and len(snapshot.messages) == followees
    return len(counting.asked)


async def test_resuming_costs_a_handful_of_statements_however_many_one_follows(database_url: str) -> None:
    async with house(database_url) as made:
        assert await statements(made, 1) == await statements(made, MANY) <= STATEMENTS
