"""PostgreSQL behind the door, for any number of processes: psycopg in threads, work as on SQLite."""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from typing import TypeVar

import psycopg

from relay.engine.database import dialect
from relay.engine.database.door import Connection as DoorConnection
from relay.engine.database.door import OnCommit, OnLost, Tx
from relay.engine.database.effects import EffectTypes
from relay.engine.database.errors import SchemaTooNew
from relay.engine.database.migrations import newest, schema_files
from relay.engine.database.pieces import Piece, Teller
from relay.engine.database.postgres_connection import (
    Address,
    Connection,
    Postgres,
    connect,
    end_frozen,
    neutral,
    parse_address,
)
from relay.engine.database.postgres_log import Log, check_lineage
from relay.engine.database.postgres_writer import Writer, forget_stale_marks
from relay.engine.database.readers import Readers

T = TypeVar("T")
READERS = 2
MIGRATION_WAIT_S = 600.0
"""So long a process waits at its start for another one that migrates, or for locks that a migration needs."""
_MIGRATION_LOCK = 7_403
"""Of advisory locks, with the schema's name as the second key."""


class PostgresDatabase:
    """The door to a schema of a server. [loop]"""

    def __init__(
        self,
        url: str,
        *,
        loop: asyncio.AbstractEventLoop,
        effects: EffectTypes,
        on_commit: OnCommit,
        on_lost: OnLost,
    ) -> None:
        self._address = address = parse_address(url)
        self._loop = loop
        try:
            applied, epoch = _prepare(address)
        except psycopg.Error as error:
            raise neutral(error) from error
        self._teller = Teller(loop, on_commit, on_lost, applied)
        self._log = Log(self._connect_log, address.channel, effects, self._teller, epoch)
        self._log.start()
        self._writer = self._start_writer(effects, self._connect_writer, self._log)
        self._apart = self._start_writer(effects, self._connect_apart, None)
        self._readers = Readers(loop, [_Session(address) for _ in range(READERS)])

    @property
    def applied(self) -> int:
        return self._teller.applied

    @property
    def silent_s(self) -> float:
        return self._log.silent_s

    async def write(self, work: Callable[[Tx], T], *, apart: bool = False) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        writer = self._apart if apart else self._writer
        writer.waiting.put(Piece(work, future, apart, time.monotonic()))
        # A caller that goes away must not make the outcome unknown to the group: the work still commits.
        return await asyncio.shield(future)

    async def read(self, work: Callable[[DoorConnection], T], *, snapshot: bool = True) -> T:
        return await self._readers.read(work, snapshot=snapshot)

    async def close(self) -> None:
        self._log.end()
        for writer in (self._apart, self._writer):
            writer.waiting.end()
            await asyncio.to_thread(writer.join)
        await asyncio.to_thread(self._log.join)
        await self._readers.close()

    def _start_writer(self, types: EffectTypes, connect: Callable[[], Postgres], log: Log | None) -> Writer:
        writer = Writer(connect, address=self._address, types=types, teller=self._teller, log=log)
        writer.start()
        return writer

    # threads ------------------------------------------------------------------------------------------------------

    def _connect_log(self) -> Postgres:
        pg = connect(self._address, name="relay-log")
        check_lineage(pg)
        return pg

    def _connect_writer(self) -> Postgres:
        """Before it writes, it knows what others wrote, and whether the history is still the one we know."""
        pg = connect(self._address, name="relay-writer")
        check_lineage(pg)
        self._log.ask(pg)
        self._log.own_pid = pg.info.backend_pid
        return pg

    def _connect_apart(self) -> Postgres:
        return connect(self._address, name="relay-apart")


class _Session:
    """A reader's connection, made when it is needed and made anew when it broke.

    It stays in a pipeline: whatever is asked until the next Sync is one transaction, and so one snapshot, without a
    BEGIN and an end of its own. Sync goes out when the caller has its answer.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._pg: Postgres | None = None
        self._pipeline: psycopg.Pipeline | None = None
        self._open = ExitStack()

    def run(self, work: Callable[[DoorConnection], T], *, snapshot: bool) -> T:
        try:
            try:
                return work(Connection(self._reach()))
            except psycopg.OperationalError:
                if self._pg is None or not self._pg.closed:
                    raise
                self.close()  # the server was restarted since we last asked: nothing was changed, so once more
                return work(Connection(self._reach()))
        except psycopg.Error as error:
            raise neutral(error) from error

    def _reach(self) -> Postgres:
        if self._pg is None:
            pg = self._open.enter_context(
                closing(connect(self._address, name="relay-reader", read_only=True))
            )
            self._pipeline = self._open.enter_context(pg.pipeline())
            self._pg = pg
        return self._pg

    def rest(self) -> None:
        if self._pipeline is not None:
            try:
                self._pipeline.sync()
            except psycopg.Error:  # it broke, or the work left a statement of its own that fails
                self.close()

    def close(self) -> None:
        self._pg = self._pipeline = None
        with suppress(psycopg.Error):
            self._open.close()


def _prepare(address: Address) -> tuple[int, str]:
    """Migrate, whatever other processes do meanwhile. Returns number and epoch. Raises SchemaTooNew, psycopg.Error."""
    with connect(address, name="relay-migrate", patient=True) as pg:
        until_s = time.monotonic() + MIGRATION_WAIT_S
        while True:
            try:
                migrate(pg, address.schema)
                break
            except psycopg.errors.LockNotAvailable:
                if time.monotonic() > until_s:
                    raise
                end_frozen(pg, address.schema)
        check_lineage(pg)
        forget_stale_marks(pg)
        row = pg.execute("SELECT c.n, m.value FROM commits c, meta m WHERE m.key = 'epoch'").fetchone()
        return row or (0, "")


def migrate(pg: Postgres, schema: str, upto: int | None = None) -> int:
    """Bring the schema up to the newest file, or to number upto: in one transaction, one process at a time.

    pg: a patient connection. Returns the number of the newest file. Raises SchemaTooNew, psycopg.Error. [any, blocks]
    """
    files = schema_files("postgresql")
    known = newest(files)
    limit = known if upto is None else upto
    with pg.transaction():
        pg.execute("SELECT pg_advisory_xact_lock($1::int, hashtext($2))", (_MIGRATION_LOCK, schema))
        if pg.execute("SELECT to_regnamespace($1)", (schema,)).fetchone() == (None,):
            pg.execute(f"CREATE SCHEMA {schema}")  # which asks for more rights than to use one that is there
        pg.execute(
            "CREATE TABLE IF NOT EXISTS schema_version (one INT PRIMARY KEY CHECK (one = 1), n INT NOT NULL)"
        )
        row = pg.execute("SELECT n FROM schema_version").fetchone()
        have: int = row[0] if row else 0
        if have > known:
            raise SchemaTooNew(have=have, known=known)
        for file in files:
            if have < file.number <= limit:
                pg.execute(dialect.schema(file.script), prepare=False)  # several statements at once
        pg.execute(
            "INSERT INTO schema_version (one, n) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET n = excluded.n",
            (max(have, limit),),
        )
        pg.execute(
            "INSERT INTO meta (key, value) VALUES ('epoch', $1) ON CONFLICT DO NOTHING",
            (secrets.token_hex(8),),
        )
    return known
