"""The database door: what a read and a write cost this process beside the bare driver on the same engine, and how much of a
line's round trip the pipeline saves. CPU is this process's, all threads; PostgreSQL's own is not in it.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import psycopg

from relay.engine.database import Database, Effect, Tx, open_database
from relay.engine.database.sqlite import connect as connect_sqlite
from tests.support.postgres import postgres_server, schema_of
from tests.support.postgres_line import line_to

POSTS = 5_000
CARD = "x" * 700
READS, READ_TASKS = 3_000, 8
WRITES, WRITE_TASKS = 800, 16
SLOW_WRITES = 150
DELAY_S = 0.0005
PAGE = "SELECT id, card FROM bench_post WHERE id < ? ORDER BY id DESC LIMIT 20"
COUNT = "UPDATE bench_head SET head = head + 1 WHERE one = 1 RETURNING head"
APPEND = "INSERT INTO bench_event (off, data) VALUES (?, ?)"
TABLES = (
    "CREATE TABLE bench_post (id BIGINT PRIMARY KEY, card TEXT)",
    "CREATE TABLE bench_head (one BIGINT PRIMARY KEY, head BIGINT)",
    "CREATE TABLE bench_event (off BIGINT PRIMARY KEY, data TEXT)",
    "INSERT INTO bench_head (one, head) VALUES (1, 0)",
)
Row = tuple[str, Any, str, str]
T = TypeVar("T")


class Appended(Effect, frozen=True, kw_only=True):
    off: int
    data: str


def rows() -> list[Row]:
    """One line per figure. About 30 s."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name, postgres_server() as server:
        with schema_of(server) as schema:
            found = asyncio.run(_sqlite(Path(name)))
            found += asyncio.run(_postgres(server.url(schema), server.url(), schema))
            with line_to(Path(name), server.folder, DELAY_S) as line:
                plain = f"postgresql://postgres@/postgres?host={name}"
                found += asyncio.run(_slow(line.url(schema), plain, schema))
        return found


async def _sqlite(folder: Path) -> list[Row]:
    path = folder / "bench.db"
    db = await _opened(path)
    bare = connect_sqlite(path)
    pool = [connect_sqlite(path, read_only=True) for _ in range(2)]
    read = await _cpu(READS, READ_TASKS, lambda: db.read(_page))
    once = await _cpu(READS, READ_TASKS, lambda: db.read(_page, snapshot=False))
    pooled = await _cpu(READS, READ_TASKS, lambda: asyncio.to_thread(_page, random.choice(pool)))
    bare_read = await _cpu(READS, 1, lambda: _now(lambda: _page(bare)))
    write = await _cpu(WRITES, WRITE_TASKS, lambda: db.write(_append))
    await db.close()
    for each in pool:
        each.close()
    bare_write = await _cpu(WRITES, 1, lambda: _now(lambda: _bare_append(bare, "BEGIN IMMEDIATE")))
    bare.close()
    return [
        (
            "SQLite, read of 20, CPU µs",
            read.cpu_us,
            "",
            f"{read.cpu_us / bare_read.cpu_us:.1f} × bare driver ({bare_read.cpu_us:.0f})",
        ),
        (
            "SQLite, one statement without snapshot, CPU µs",
            once.cpu_us,
            "",
            f"{once.cpu_us / bare_read.cpu_us:.1f} × bare driver",
        ),
        (
            "SQLite, read of 20 by asyncio.to_thread, CPU µs",
            pooled.cpu_us,
            "",
            f"{pooled.cpu_us / read.cpu_us:.1f} × the door",
        ),
        (
            "SQLite, write with an effect, CPU µs",
            write.cpu_us,
            "",
            f"{write.cpu_us / bare_write.cpu_us:.1f} × a bare transaction each ({bare_write.cpu_us:.0f})",
        ),
        (
            "SQLite, writes a second, 16 tasks",
            write.per_s,
            "",
            f"{write.per_s / bare_write.per_s:.1f} × a bare transaction each",
        ),
    ]


async def _postgres(url: str, plain: str, schema: str) -> list[Row]:
    db = await _opened(url)
    bare = psycopg.connect(plain, autocommit=True, prepare_threshold=0, options=f"-c search_path={schema}")
    read = await _cpu(READS, READ_TASKS, lambda: db.read(_page))
    once = await _cpu(READS, READ_TASKS, lambda: db.read(_page, snapshot=False))
    bare_read = await _cpu(READS, 1, lambda: _now(lambda: _page(_Marks(bare))))
    write = await _cpu(WRITES, WRITE_TASKS, lambda: db.write(_append))
    apart = await _cpu(WRITES, WRITE_TASKS, lambda: db.write(_append_apart, apart=True))
    bare_write = await _cpu(WRITES, 1, lambda: _now(lambda: _bare_append(_Marks(bare), "BEGIN")))
    bare.close()
    await db.close()
    return [
        (
            "PostgreSQL, read of 20, CPU µs",
            read.cpu_us,
            "",
            f"{read.cpu_us / bare_read.cpu_us:.1f} × bare psycopg ({bare_read.cpu_us:.0f})",
        ),
        (
            "PostgreSQL, one statement without snapshot, CPU µs",
            once.cpu_us,
            "",
            f"{once.cpu_us / bare_read.cpu_us:.1f} × bare psycopg",
        ),
        (
            "PostgreSQL, write with an effect, CPU µs",
            write.cpu_us,
            "",
            f"{write.cpu_us / bare_write.cpu_us:.1f} × a bare transaction each ({bare_write.cpu_us:.0f})",
        ),
        (
            "PostgreSQL, writes a second, 16 tasks",
            write.per_s,
            "",
            f"{write.per_s / bare_write.per_s:.1f} × a bare transaction each",
        ),
        (
            "PostgreSQL, writes apart, CPU µs",
            apart.cpu_us,
            "",
            f"{apart.cpu_us / write.cpu_us:.1f} × one with an effect",
        ),
    ]


async def _slow(url: str, plain: str, schema: str) -> list[Row]:
    db = await _opened(url, make=False)
    bare = psycopg.connect(plain, autocommit=True, prepare_threshold=0, options=f"-c search_path={schema}")
    write = await _cpu(SLOW_WRITES, WRITE_TASKS, lambda: db.write(_append))
    alone = await _cpu(SLOW_WRITES // 3, 1, lambda: db.write(_append))
    bare_write = await _cpu(SLOW_WRITES // 3, 1, lambda: _now(lambda: _bare_append(_Marks(bare), "BEGIN")))
    bare.close()
    await db.close()
    return [
        (
            "1 ms away: writes a second, 16 tasks",
            write.per_s,
            "",
            f"{write.per_s / bare_write.per_s:.1f} × a bare transaction each ({bare_write.per_s:.0f})",
        ),
        (
            "1 ms away: writes a second, one after the other",
            alone.per_s,
            "",
            f"{alone.per_s / bare_write.per_s:.1f} × a bare transaction each",
        ),
    ]


# work -------------------------------------------------------------------------------------------------------------


class _Statements(Protocol):
    """What the bare drivers and the door have in common."""

    def execute(self, sql: str, values: Sequence[object] = (), /) -> Any: ...


def _page(db: _Statements) -> list[Any]:
    return list(db.execute(PAGE, (random.randrange(100, POSTS),)).fetchall())


def _append(tx: Tx) -> int:
    (off,) = tx.db.execute(COUNT).fetchone()
    tx.db.execute(APPEND, (off, CARD))
    tx.effects.append(Appended(commit=tx.commit, off=off, data=CARD))
    return int(off)


def _append_apart(tx: Tx) -> None:
    tx.db.execute(APPEND, (-random.getrandbits(62), CARD))


def _bare_append(db: _Statements, begin: str) -> None:
    db.execute(begin)
    (off,) = db.execute(COUNT).fetchone()
    db.execute(APPEND, (off, CARD))
    db.execute("COMMIT")


class _Marks:
    """psycopg as it comes, with its own marks."""

    def __init__(self, pg: "psycopg.Connection[Any]") -> None:
        self._pg = pg

    def execute(self, sql: str, values: Sequence[object] = (), /) -> Any:
        return self._pg.execute(sql.replace("?", "%s"), values)


# measuring --------------------------------------------------------------------------------------------------------


class Cost:
    def __init__(self, operations: int, cpu_ns: int, wall_s: float) -> None:
        self.cpu_us = cpu_ns / operations / 1e3
        self.per_s = operations / wall_s


async def _cpu(operations: int, tasks: int, operation: Callable[[], Awaitable[object]]) -> Cost:
    """After a tenth of it that is not counted."""
    for _ in range(operations // 10):
        await operation()
    left = operations

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await operation()

    cpu_ns, wall_s = time.process_time_ns(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(tasks)))
    return Cost(operations, time.process_time_ns() - cpu_ns, time.perf_counter() - wall_s)


async def _now(work: Callable[[], T]) -> T:
    return work()


async def _opened(url: str | Path, *, make: bool = True) -> Database:
    db = open_database(url, effects=Appended, on_commit=lambda n, told: None, on_lost=lambda n: None)
    if make:
        for statement in TABLES:
            await db.write(lambda tx, statement=statement: _void(tx.db.execute(statement)))  # type: ignore[misc]
        await db.write(_fill)
    return db


def _fill(tx: Tx) -> None:
    for n in range(POSTS):
        tx.db.execute("INSERT INTO bench_post (id, card) VALUES (?, ?)", (n, CARD))


def _void(_: object) -> None:
    """Of a statement whose answer nobody wants."""
