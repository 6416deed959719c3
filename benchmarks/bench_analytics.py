"""What counting costs, on both engines: a play that leaves an event beside one that leaves none, and counting a day of a million events."""

import asyncio
import hashlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from relay.core.privacy_signal import HEADER
from relay.engine.clock import now_us
from relay.engine.database import Database, Tx
from relay.features.analytics.counting import Counting
from relay.features.analytics.events import DAY_US, HASH_BYTES
from relay.features.reactions.plays import Hearer, Plays
from tests.support.house import BASE_URL, House, house, new_post
from tests.support.postgres import postgres_server, schema_of

Row = tuple[str, float, str, str]
PLAYS, ROUNDS = 200, 5
EVENTS, POSTS = 1_000_000, 2_000
PLAY_LIMIT_US, EXTRA_LIMIT_US, DAY_LIMIT_S = 4_000, 1_500, 5
"""Limits of the CPU of this process; on PostgreSQL the counting is the server's, so there the clock's time stands beside it."""


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        yield from asyncio.run(_measured(f"sqlite:///{Path(name) / 'r.db'}", "SQLite"))
    with postgres_server() as server, schema_of(server) as schema:
        yield from asyncio.run(_measured(server.url(schema), "PostgreSQL"))


async def _measured(url: str, engine: str) -> list[Row]:
    async with house(url) as here:
        owner = await here.account("anna")
        post = await here.db.write(lambda tx: new_post(tx, owner))
        counted, refused = await _plays_us(here, post)
        found: list[Row] = [
            (f"a play that is counted, {engine}: CPU µs", counted, f"<= {PLAY_LIMIT_US}", ""),
            (
                f"the event of it, {engine}: CPU µs",
                counted - refused,
                f"<= {EXTRA_LIMIT_US}",
                f"{refused:.0f} µs of one with {HEADER}",
            ),
        ]
        await here.db.write(lambda tx: _fill(tx, owner))
        cpu_s, wall_s = await _day_s(here.db)
        again_s, _ = await _day_s(here.db)
        found += [
            (
                f"a day of {EVENTS:,} events counted, {engine}: CPU s",
                cpu_s,
                f"<= {DAY_LIMIT_S}",
                f"{wall_s:.1f} s by the clock",
            ),
            (f"the same again, when nothing changed, {engine}: CPU s", again_s, "", ""),
        ]
        return found


async def _plays_us(here: House, post: str) -> tuple[float, float]:
    """Of one that is counted, each by somebody new; and of one whose browser says no. The median of ROUNDS."""
    plays = Plays(here.db, BASE_URL)
    found: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(ROUNDS):
        for is_private, spent_us in found.items():
            begun_ns = time.process_time_ns()
            for n in range(PLAYS):
                address = f"{turn}.{n}"
                await plays.play(Hearer(account_id=None, address=address, is_private=is_private), post)
            spent_us.append((time.process_time_ns() - begun_ns) / 1000 / PLAYS)
    return statistics.median(found[False]), statistics.median(found[True])


def _fill(tx: Tx, owner: str) -> None:
    """A day, yesterday, of plays and stops of POSTS posts by as many listeners as there are events of one kind."""
    for n in range(POSTS):
        new_post(tx, owner, title=str(n))
    ids = [
        id_ for (id_,) in tx.db.execute("SELECT id FROM creation ORDER BY id LIMIT ?", (POSTS,)).fetchall()
    ]
    day = now_us() // DAY_US - 1
    tx.db.execute("UPDATE account SET created_us = ?", ((day - 1) * DAY_US,))
    each = EVENTS // 2 // POSTS
    for n, id_ in enumerate(ids):
        for kind in ("play", "stop"):
            values = [
                value for k in range(each) for value in (day, kind, id_, _hash(n * each + k), k * 997 % 1001)
            ]
            tx.db.execute(
                f"INSERT INTO analytics_event (day, kind, about, who, value) VALUES {', '.join(['(?, ?, ?, ?, ?)'] * each)}",
                values,
            )


def _hash(n: int) -> bytes:
    return hashlib.blake2b(n.to_bytes(8, "big"), digest_size=HASH_BYTES).digest()


async def _day_s(db: Database) -> tuple[float, float]:
    """CPU of this process, and the clock's."""
    counting = Counting(db)
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    await counting.count(now_us() // DAY_US - 1)
    return time.process_time() - cpu_s, time.perf_counter() - wall_s
