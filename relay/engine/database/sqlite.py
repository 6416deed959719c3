"""SQLite: one writer thread that commits in groups, reader threads of their own.

Group commit: whatever waits is run in one transaction, each piece in a savepoint of its own, and answered after the
one fsync. Effects are handed over in commit order, before the writers are answered.
"""

import asyncio
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar, cast

from relay.core.words import TextQuery
from relay.engine.database.door import Connection, OnCommit, OnLost, Tx, Values
from relay.engine.database.effects import EffectTypes
from relay.engine.database.errors import (
    ConstraintViolated,
    DatabaseBusy,
    DatabaseError,
    SchemaTooNew,
    ValueRefused,
)
from relay.engine.database.full_text import fts5
from relay.engine.database.migrations import newest, schema_files, statements
from relay.engine.database.pieces import Answer, Group, Piece, Teller, Waiting, run_piece
from relay.engine.database.readers import Readers
from relay.engine.database.values import check

sqlite3.register_adapter(TextQuery, fts5)

T = TypeVar("T")
READERS = 2
MAX_GROUP = 64
BUSY_MS = 5_000
WAL_RETRY_S = 0.01
_BUSY = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    )
)


class SqliteDatabase:
    """The door to the file at path. [loop]"""

    def __init__(
        self,
        path: Path,
        *,
        loop: asyncio.AbstractEventLoop,
        effects: EffectTypes,
        on_commit: OnCommit,
        on_lost: OnLost,
    ) -> None:
        self._loop = loop
        self._types = effects
        if not path.parent.is_dir():
            raise DatabaseError(f"There is no folder {path.parent} for the database. Make it first.")
        try:
            writer = connect(path)
            migrate(writer)
            applied = _commit_number(writer)
            sessions = [_Session(connect(path, read_only=True)) for _ in range(READERS)]
        except sqlite3.Error as error:
            raise neutral(error) from error
        self._teller = Teller(loop, on_commit, on_lost, applied)
        self._waiting = Waiting(MAX_GROUP)
        self._readers = Readers(loop, sessions)
        self._thread = threading.Thread(
            target=self._write_all, args=(writer,), name="relay-writer", daemon=True
        )
        self._thread.start()

    @property
    def applied(self) -> int:
        return self._teller.applied

    @property
    def silent_s(self) -> float:
        return 0.0

    async def write(self, work: Callable[[Tx], T], *, apart: bool = False) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting.put(Piece(work, future, apart, time.monotonic()))
        # A caller that goes away must not make the outcome unknown to the group: the work still commits.
        return await asyncio.shield(future)

    async def read(self, work: Callable[[Connection], T], *, snapshot: bool = True) -> T:
        return await self._readers.read(work, snapshot=snapshot)

    async def close(self) -> None:
        self._waiting.end()
        await asyncio.to_thread(self._thread.join)
        await self._readers.close()

    # writer thread ------------------------------------------------------------------------------------------------

    def _write_all(self, db: sqlite3.Connection) -> None:
        commit = self._teller.applied
        more = True
        while more:
            pieces, more = self._waiting.next_group()
            if pieces:
                commit = self._write_group(db, pieces, commit)
        db.close()

    def _write_group(self, db: sqlite3.Connection, pieces: list[Piece], commit: int) -> int:
        """Commit the pieces together; where that fails, each alone. Returns the last commit's number."""
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:  # locked, or the disk is gone: nobody gets anything
            self._teller.answer([Answer(piece, error=neutral(error)) for piece in pieces])
            return commit
        try:
            group = self._run(db, pieces, commit + 1)
        except Exception as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            if len(pieces) > 1:  # a deferred constraint, or a disk that is full: of whom, is found so
                for piece in pieces:
                    commit = self._write_group(db, [piece], commit)
                return commit
            group = Group([Answer(pieces[0], error=_told(error))], [])
        if group.effects:
            commit += 1
            self._teller.hand_on(commit, group.effects)
        self._teller.answer(group.answers)
        return commit

    def _run(self, db: sqlite3.Connection, pieces: list[Piece], commit: int) -> Group:
        group = Group([], [])
        checked = Checked(db)
        for piece in pieces:
            db.execute("SAVEPOINT piece")
            try:
                result, effects = run_piece(piece, checked, lambda: commit, self._types)
            except Exception as error:
                if not db.in_transaction:  # a full disk ends all of it
                    raise
                db.execute("ROLLBACK TO piece")
                group.answers.append(Answer(piece, error=_told(error)))
            else:
                group.effects += effects
                group.answers.append(Answer(piece, result))
            db.execute("RELEASE piece")
        if group.effects:
            db.execute("UPDATE commits SET n = ?", (commit,))
        db.execute("COMMIT")
        return group


def _told(error: Exception) -> Exception:
    return neutral(error) if isinstance(error, sqlite3.Error) else error


class Checked:
    """The door's Connection. Refuses what PostgreSQL cannot hold."""

    has_lateral = False

    def __init__(self, db: sqlite3.Connection) -> None:
        self._execute = db.execute

    def execute(self, sql: str, values: Values = (), /) -> sqlite3.Cursor:
        check(values)
        try:
            return self._execute(sql, values)
        except UnicodeEncodeError as error:
            raise ValueRefused(
                "Text with half a surrogate cannot be stored. Refuse it where it comes in."
            ) from error


class _Session:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._checked = Checked(db)

    def run(self, work: Callable[[Connection], T], *, snapshot: bool) -> T:
        try:
            if snapshot:
                self._db.execute("BEGIN")
            return work(self._checked)
        except sqlite3.Error as error:
            raise neutral(error) from error

    def rest(self) -> None:
        with suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def close(self) -> None:
        self._db.close()


def neutral(error: sqlite3.Error) -> DatabaseError:
    """The door's word for it, with the engine's as its cause."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    kind: type[DatabaseError] = DatabaseError
    if code in _BUSY:
        kind = DatabaseBusy
    elif code == sqlite3.SQLITE_CONSTRAINT:
        kind = ConstraintViolated
    made = kind(f"SQLite: {error}")
    made.__cause__ = error
    return made


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection with the door's settings. Raises sqlite3.Error."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
    _use_wal(db)
    db.execute("PRAGMA synchronous = FULL")  # an answered write survives a power cut
    db.execute("PRAGMA foreign_keys = ON")
    if read_only:
        db.execute("PRAGMA query_only = ON")
    return db


def _use_wal(db: sqlite3.Connection) -> None:
    """SQLite itself does not wait here for another process that writes a file which has no such log yet: two relays begun at once."""
    give_up = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not isinstance(neutral(error), DatabaseBusy) or time.monotonic() > give_up:
                raise
            time.sleep(WAL_RETRY_S)


def migrate(db: sqlite3.Connection, upto: int | None = None) -> int:
    """Bring the schema up to the newest file, or to number upto; each in one transaction, one process at a time.

    Returns the number of the newest file. Raises SchemaTooNew, sqlite3.Error.
    """
    files = schema_files("sqlite")
    known = newest(files)
    limit = known if upto is None else upto
    for file in files:
        db.execute("BEGIN IMMEDIATE")
        try:
            have: int = db.execute("PRAGMA user_version").fetchone()[0]
            if have > known:
                raise SchemaTooNew(have=have, known=known)
            if have < file.number <= limit:
                for statement in statements(file.script):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {file.number}")
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
    db.execute(
        "INSERT INTO meta (key, value) VALUES ('epoch', ?) ON CONFLICT DO NOTHING", (secrets.token_hex(8),)
    )
    return known


def _commit_number(db: sqlite3.Connection) -> int:
    return cast(int, db.execute("SELECT n FROM commits").fetchone()[0])
