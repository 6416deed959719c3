"""The daemon's SQLite file: opened, its schema brought up to date, and used on one thread, in transactions.

synchronous=FULL: a returned write survives a power cut. One connection, used from one thread at a time (the
database's own executor, see `Database.run`), so there is a single writer and no lock to wait for.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from bridge.system import open_private, sync_folder
from daemon.errors import LibraryStuck, why_of
from daemon.library.schema import migrate
from daemon.system.sqlite import named
from daemon.system.threads import Threads

P = ParamSpec("P")
R = TypeVar("R")


class Database:
    """Opened once by the daemon. Methods of those that build on it are [worker]: the loop calls them through `run`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = _opened(path)
        self._thread = Threads(1, thread_name_prefix="store")

    async def run(self, method: Callable[Concatenate[Self, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `method` on the database's thread and wait for it. Raises NoSpace, LibraryStuck, LibraryDamaged. [loop]"""
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: method(self, *args, **kwargs)
            )
        except sqlite3.DatabaseError as error:
            raise named(error) or error from error

    def put_back(self) -> bool:
        """Write the file again when somebody has removed it; whether it was gone. Raises LibraryStuck. [worker]

        SQLite goes on in the file without a name, and at the end all of it would be lost.
        """
        if self._path.exists():
            return False
        part = self._path.with_name(f"{self._path.name}.part")
        try:
            part.unlink(missing_ok=True)
            os.close(open_private(part))
            with closing(sqlite3.connect(part)) as copy:
                self._db.backup(copy)
            self._db.close()  # takes along the files that SQLite keeps beside the one that is gone
            os.replace(part, self._path)
        except OSError as error:
            raise LibraryStuck(
                f"The library {self._path} was removed and cannot be written again: {why_of(error)}.",
                "Make its folder again; until then keep this daemon running.",
            ) from error
        self._db = _opened(self._path)
        sync_folder(self._path.parent)
        return True

    def close(self) -> None:
        """Finish what was asked and close."""
        self._thread.shutdown(wait=True)
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # SQLite ends it itself on some errors of the disk
                self._db.execute("ROLLBACK")
            raise


def _opened(path: Path) -> sqlite3.Connection:
    # SQLite would make it readable by all; what is wrong with the place it says better.
    with suppress(OSError):
        os.close(open_private(path))
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        migrate(db)
        db.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        db.close()
        raise
    return db
