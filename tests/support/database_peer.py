"""One relay process of several, reduced to its events: it writes them, and listeners come, miss some, and come back.

`python -m tests.support.database_peer URL NAME WRITES`; says how many it has written, and at the end what it saw as JSON.
A listener joins as a connection of the hub does: it collects first, reads a snapshot, and goes live when the process has
been told everything that the snapshot shows.
"""

import asyncio
import json
import random
import sys
from collections.abc import Sequence

from msgspec import Struct

from relay.engine.database import (
    Connection,
    Database,
    DatabaseBusy,
    Effect,
    OutcomeUnknown,
    Tx,
    open_database,
)

CHANNELS = 8
WRITERS = 4
LISTENERS = 6
SAY_EVERY = 25
SCHEMA = (
    "CREATE TABLE peer_channel (ch BIGINT PRIMARY KEY, head BIGINT NOT NULL)",
    "CREATE TABLE peer_event (ch BIGINT, off BIGINT, writer TEXT NOT NULL, PRIMARY KEY (ch, off))",
    *(f"INSERT INTO peer_channel (ch, head) VALUES ({ch}, 0)" for ch in range(CHANNELS)),
)


class Appended(Effect, frozen=True, kw_only=True):
    ch: int
    off: int


class Snapshot(Struct, frozen=True):
    """missed: (channel, offset) after the positions that were asked for."""

    commit: int
    missed: list[tuple[int, int]]


class Seen(Struct):
    writes: int = 0
    unknown: int = 0
    busy: int = 0
    reads_busy: int = 0
    events: int = 0
    joins: int = 0
    doubled: int = 0
    skipped: int = 0
    behind: int = 0
    lost: int = 0


class Hub:
    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self.seen = Seen()
        self.news = asyncio.Event()

    def on_commit(self, commit: int, effects: Sequence[Effect]) -> None:
        for listener in self.listeners:
            listener.collected += [effect for effect in effects if isinstance(effect, Appended)]
        self.news.set()

    def on_lost(self, commit: int) -> None:
        self.seen.lost += 1
        self.news.set()

    async def until_applied(self, db: Database, commit: int) -> None:
        while db.applied < commit:
            self.news.clear()
            await self.news.wait()


class Listener:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._positions = dict.fromkeys(range(CHANNELS), 0)
        self.collected: list[Appended] = []

    async def stay(self, db: Database, pause_s: float) -> None:
        """Join, listen for a while, and go."""
        self.collected = []
        self._hub.listeners.add(self)
        try:
            await asyncio.sleep(random.choice([0, 0, 0.002]))
            positions = dict(self._positions)
            snapshot = await db.read(lambda reader: _snapshot(reader, positions))
            await asyncio.sleep(random.choice([0, 0, 0.002]))
            await self._hub.until_applied(db, snapshot.commit)
            for ch, off in snapshot.missed:
                self._apply(ch, off)
            self._hub.seen.joins += 1
            await asyncio.sleep(pause_s)
            for effect in self.collected:
                if effect.commit > snapshot.commit:
                    self._apply(effect.ch, effect.off)
        except DatabaseBusy:
            self._hub.seen.reads_busy += 1
            await asyncio.sleep(0.05)
        finally:
            self._hub.listeners.discard(self)

    def behind(self, heads: dict[int, int]) -> int:
        return sum(heads[ch] != off for ch, off in self._positions.items())

    def _apply(self, ch: int, off: int) -> None:
        seen = self._hub.seen
        seen.events += 1
        seen.doubled += off <= self._positions[ch]
        seen.skipped += off > self._positions[ch] + 1
        self._positions[ch] = off


def _snapshot(db: Connection, positions: dict[int, int]) -> Snapshot:
    missed = [
        (ch, off)
        for ch, position in positions.items()
        for (off,) in db.execute(
            "SELECT off FROM peer_event WHERE ch = ? AND off > ? ORDER BY off", (ch, position)
        )
    ]
    return Snapshot(db.execute("SELECT n FROM commits").fetchone()[0], missed)


def append(tx: Tx, writer: str) -> None:
    ch = random.randrange(CHANNELS)
    (off,) = tx.db.execute(
        "UPDATE peer_channel SET head = head + 1 WHERE ch = ? RETURNING head", (ch,)
    ).fetchone()
    tx.db.execute("INSERT INTO peer_event (ch, off, writer) VALUES (?, ?, ?)", (ch, off, writer))
    tx.effects.append(Appended(commit=tx.commit, ch=ch, off=off))


async def _write(db: Database, seen: Seen, name: str, writes: int) -> None:
    while seen.writes < writes:
        try:
            await db.write(lambda tx: append(tx, name))
        except OutcomeUnknown:
            seen.unknown += 1
        except DatabaseBusy:
            seen.busy += 1
            await asyncio.sleep(0.05)
        else:
            seen.writes += 1
            if seen.writes % SAY_EVERY == 0:
                print(seen.writes, flush=True)
        await asyncio.sleep(random.expovariate(200))


async def _main(url: str, name: str, writes: int) -> None:
    hub = Hub()
    db = open_database(url, effects=Appended, on_commit=hub.on_commit, on_lost=hub.on_lost)
    writing = asyncio.gather(*(_write(db, hub.seen, name, writes) for _ in range(WRITERS)))
    listeners = [Listener(hub) for _ in range(LISTENERS)]

    async def come_and_go(listener: Listener) -> None:
        while not writing.done():
            await listener.stay(db, random.choice([0.0, 0.01, 0.1, 0.3]))

    await asyncio.gather(writing, *map(come_and_go, listeners))
    print("written", flush=True)
    await asyncio.to_thread(sys.stdin.readline)  # until everybody has written
    await asyncio.gather(*(listener.stay(db, 0.0) for listener in listeners))
    heads = await db.read(lambda reader: dict(reader.execute("SELECT ch, head FROM peer_channel").fetchall()))
    hub.seen.behind = sum(listener.behind(heads) for listener in listeners)
    print(json.dumps({name: getattr(hub.seen, name) for name in Seen.__struct_fields__}), flush=True)
    await db.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
