"""The stores of a relay, opened by a command instead of a serving process."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from relay.app.config import Config
from relay.app.listening import EFFECTS
from relay.engine.data_folder import DataFolder
from relay.engine.database import Database, Effect, open_database, sqlite_path
from relay.engine.objects.door import Objects
from relay.engine.objects.open import open_objects


@contextmanager
def data_folder(config: Config) -> Iterator[DataFolder]:
    """Alone in it where the database is a file: a command that changes one needs the relay to be stopped.

    Raises DataInUse, FolderOpen, OSError.
    """
    folder = DataFolder.open(config.data, alone=sqlite_path(config.database) is not None)
    try:
        yield folder
    finally:
        folder.close()


@asynccontextmanager
async def opened_database(config: Config) -> AsyncIterator[Database]:
    """With the newest schema. Raises SchemaTooNew, DatabaseError. [loop]"""
    db = open_database(config.database, effects=EFFECTS, on_commit=_told, on_lost=_lost)
    try:
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def opened_objects(config: Config) -> AsyncIterator[Objects]:
    """Raises BadObjectsUrl, FolderOpen, OSError. [loop]"""
    objects = open_objects(config.objects, config.storage_keys)
    try:
        yield objects
    finally:
        await objects.close()


def _told(_: int, __: Sequence[Effect]) -> None:
    """Nobody is connected to a command."""


def _lost(_: int) -> None:
    """Nor has to be told of this."""
