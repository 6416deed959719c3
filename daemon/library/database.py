"""The daemon's SQLite file: opened, its schema brought up to date, and used on one thread, in transactions.

synchronous=FULL: a returned write survives a power cut. One connection, used from one thread at a time (the
database's own executor, see `Database.run`), so there is a single writer and no lock to wait for.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from bridge.system import open_private
from daemon.library.schema import migrate
from daemon.system.sqlite import named

P = ParamSpec("P")
R = TypeVar("R")


class Database:
    """Opened once by the daemon. Methods of those that build on it are [worker]: the loop calls them through `run`."""

    def __init__(self, path: Path) -> None:
        # SQLite would make it readable by all; what is wrong with the place it says better.
        with suppress(OSError):
            os.close(open_private(path))
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            migrate(self._db)
            self._db.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            self._db.close()
            raise
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")

    async def run(self, method: Callable[Concatenate[Self, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `method` on the database's thread and wait for it. Raises NoSpace, LibraryStuck, LibraryDamaged. [loop]"""
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: method(self, *args, **kwargs)
            )
        except sqlite3.DatabaseError as error:
            raise named(error) or error from error

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
