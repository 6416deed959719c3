"""SQLite: one writer thread that commits in groups, a few readers, numbered schema files. It knows no tables.

Group commit: whatever waits is run in one transaction, each piece in a savepoint of its own, and answered after the
one fsync. Effects (what connections must hear of) are handed over in commit order, before the writers are answered.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from relay.core.recovery import Effect

T = TypeVar("T")
MAX_GROUP = 64
READERS = 2
BUSY_MS = 5_000


class Tx:
    """A write transaction in the writer thread. commit: its number, if it gets effects."""

    def __init__(self, db: sqlite3.Connection, commit: int) -> None:
        self.db = db
        self.commit = commit
        self.effects: list[Effect] = []


class _Job(msgspec.Struct, frozen=True):
    work: Callable[[Tx], Any]  # of any result type; the caller's future has the right one
    future: "asyncio.Future[Any]"


OnCommit = Callable[[list[Effect]], None]


class Database:
    """path: the database file. on_commit is called in the loop with the effects of each group. [loop]"""

    def __init__(self, path: Path, on_commit: OnCommit) -> None:
        self._path = path
        self._on_commit = on_commit
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._readers: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        writer = _connect(path)
        migrate(writer)
        for _ in range(READERS):
            self._readers.put(_connect(path, read_only=True))
        self._free = asyncio.Semaphore(READERS)
        self._thread = threading.Thread(
            target=self._write_all, args=(writer,), name="relay-writer", daemon=True
        )
        self._thread.start()

    async def write(self, work: Callable[[Tx], T]) -> T:
        """Run work in a transaction; returns after it is on disk. What work raises undoes only work. [loop]"""
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, future))
        # A caller that goes away must not make the outcome unknown to the group: the work still commits.
        return await asyncio.shield(future)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work in a thread, on one snapshot of the database. [loop]"""
        async with self._free:
            return await asyncio.to_thread(self._read, work)

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        db = self._readers.get_nowait()
        try:
            db.execute("BEGIN")
            try:
                return work(db)
            finally:
                db.execute("ROLLBACK")
        finally:
            self._readers.put(db)

    async def close(self) -> None:
        """Finish what waits, then close. Nothing may be asked afterwards."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        for _ in range(READERS):
            self._readers.get_nowait().close()

    # writer thread ------------------------------------------------------------------------------------------------

    def _write_all(self, db: sqlite3.Connection) -> None:
        commit: int = db.execute("SELECT n FROM commits").fetchone()[0]
        more = True
        while more:
            group, more = self._next_group()
            if group:
                commit = self._write_group(db, group, commit)
        db.close()

    def _next_group(self) -> tuple[list[_Job], bool]:
        group: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            group.append(job)
            if len(group) == MAX_GROUP:
                return group, True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _write_group(self, db: sqlite3.Connection, group: list[_Job], commit: int) -> int:
        answers: list[tuple[_Job, object, BaseException | None]] = []
        effects: list[Effect] = []
        try:
            db.execute("BEGIN IMMEDIATE")
            for job in group:
                tx = Tx(db, commit + 1)
                db.execute("SAVEPOINT piece")
                try:
                    result = job.work(tx)
                except Exception as error:
                    db.execute("ROLLBACK TO piece")
                    answers.append((job, None, error))
                else:
                    effects += tx.effects
                    answers.append((job, result, None))
                db.execute("RELEASE piece")
            if effects:
                commit += 1
                db.execute("UPDATE commits SET n = ?", (commit,))
            db.execute("COMMIT")
        except sqlite3.Error as error:  # the disk is full, or gone: nobody in the group got anything
            if db.in_transaction:
                db.execute("ROLLBACK")
            commit = cast(int, db.execute("SELECT n FROM commits").fetchone()[0])
            answers, effects = [(job, None, error) for job in group], []
        self._loop.call_soon_threadsafe(self._answer, answers, effects)
        return commit

    def _answer(
        self, answers: list[tuple[_Job, object, BaseException | None]], effects: list[Effect]
    ) -> None:
        if effects:
            self._on_commit(effects)
        for job, result, error in answers:
            if job.future.cancelled():
                continue
            if error is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(error)


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")  # an answered write survives a power cut
    db.execute("PRAGMA foreign_keys = ON")
    if read_only:
        db.execute("PRAGMA query_only = ON")
    return db


def migrate(db: sqlite3.Connection) -> int:
    """Bring the schema up to the newest numbered file; each file in one transaction. Returns its number."""
    have: int = db.execute("PRAGMA user_version").fetchone()[0]
    folder = resources.files("relay.services") / "sql"
    newest = have
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        number = int(file.name.split("_")[0])
        newest = max(newest, number)
        if number > have:
            script = file.read_text(encoding="utf-8")
            db.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
    known = max(int(file.name.split("_")[0]) for file in folder.iterdir())
    if have > known:
        raise SchemaTooNew(have=have, known=known)
    return newest


class SchemaTooNew(Exception):
    """A newer relay wrote this database; an older one must not touch it."""

    def __init__(self, *, have: int, known: int) -> None:
        super().__init__(have, known)
        self.have = have
        self.known = known

    def __str__(self) -> str:
        return (
            f"The database has schema {self.have}, this relay knows up to {self.known}. "
            "Start the newer relay, or restore a backup made by this one."
        )
