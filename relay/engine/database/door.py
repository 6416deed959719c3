"""The contract of the door: what the relay's features may ask of a database, whichever engine is behind it.

All writes of all processes run one after the other, in groups that share one commit. What a group tells connections
(its effects) gets the commit's number, without gaps, and every process is handed the numbers 1, 2, 3 … in order. A
snapshot that shows number n contains everything up to n: so a connection that joins loses nothing and sees nothing twice.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from relay.engine.database.effects import Effect, EffectTypes
from relay.engine.database.errors import DatabaseError

T = TypeVar("T")
Values = Sequence[object] | Mapping[str, object]


class Rows(Protocol):
    """The answer of a statement. Rows are tuples; Any, because their types are known to the statement alone."""

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """Runs one statement. Rules for its SQL stand in the package's docstring.

    has_lateral: whether it may join LATERAL. The engine that has not runs statements in this process, where several cost
    no more than one.
    """

    @property
    def has_lateral(self) -> bool: ...

    def execute(self, sql: str, values: Values = (), /) -> Rows: ...


class Tx:
    """A write under way. [writer]"""

    __slots__ = ("_number", "db", "effects")

    def __init__(self, db: Connection, number: Callable[[], int]) -> None:
        self.db = db
        self._number = number
        self.effects: list[Effect] = []

    @property
    def commit(self) -> int:
        """The number that its effects get. (Asked for when it is needed: it may cost a round trip.)"""
        return self._number()


STALE_S = 5.0
"""A process that could not ask for so long what others committed no longer relies on having been told."""

OnCommit = Callable[[int, Sequence[Effect]], None]
"""Called in the loop with each number, in order and without a gap, and the effects of known types that it has."""

OnLost = Callable[[int], None]
"""Called in the loop when effects up to this number can no longer be told: every connection has to fetch again."""


class Database(Protocol):
    """Every method raises DatabaseBusy when the engine cannot serve now, DatabaseError for a statement it refuses."""

    @property
    def applied(self) -> int:
        """Number of the last commit that on_commit or on_lost was called with, or that stood at opening. [loop]"""

    @property
    def silent_s(self) -> float:
        """How long this process has not been able to ask what others committed; 0 where there are no others. [any]"""

    async def write(self, work: Callable[[Tx], T], *, apart: bool = False) -> T:
        """Run work in a transaction; returns after it is on disk. What work raises undoes only work. [loop]

        apart: work commutes with all other writes and has no effects (counters, checkpoints, heartbeats); on an
        engine of several processes it does not queue behind them.
        """

    async def read(self, work: Callable[[Connection], T], *, snapshot: bool = True) -> T:
        """Run work in a thread, on one snapshot of the database. It only reads. [loop]

        snapshot=False: work is a single statement, which is cheaper on SQLite.
        """

    async def close(self) -> None:
        """Finish what waits, then close. Nothing may be asked afterwards. [loop]"""


def open_database(url: str | Path, *, effects: Any, on_commit: OnCommit, on_lost: OnLost) -> Database:
    """Open, create or migrate the database. Blocks: for the start of a process. [loop]

    url: a path, `sqlite:///relative`, `sqlite:////absolute`, or `postgresql://…` with an optional `schema=name`.
    effects: union of the Effect types. Raises SchemaTooNew, DatabaseBusy (out of reach), DatabaseError (bad URL).
    """
    loop = asyncio.get_running_loop()
    types = EffectTypes(effects)
    if path := sqlite_path(url):
        from relay.engine.database.sqlite import SqliteDatabase

        return SqliteDatabase(path, loop=loop, effects=types, on_commit=on_commit, on_lost=on_lost)
    try:
        from relay.engine.database.postgres import PostgresDatabase
    except ModuleNotFoundError as error:
        raise DatabaseError(
            f"{error.name} is not installed: PostgreSQL needs the extra `cluster`."
        ) from error
    return PostgresDatabase(str(url), loop=loop, effects=types, on_commit=on_commit, on_lost=on_lost)


def sqlite_path(url: str | Path) -> Path | None:
    """Of the file that url names; None for PostgreSQL. Raises DatabaseError for anything else. [any]"""
    if isinstance(url, Path):
        return url
    if url.startswith("sqlite:///"):
        return Path(url.removeprefix("sqlite:///"))
    if url.startswith(("postgresql://", "postgres://")):
        return None
    raise DatabaseError(f"{url.split(':')[0]}: no database of ours. Use sqlite:///path or postgresql://…")
