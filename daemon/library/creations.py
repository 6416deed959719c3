"""What of the library is written down instead of recorded: made durable, found, deleted and restored.

The file is written before the row that says the same, so a row is never ahead of its file, and a library that was lost is made
again from the files. Not here: who checks a score, and what is sent to the relay.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from daemon.core.creations import Creation
from daemon.core.meant import meant
from daemon.errors import LibraryStuck, NothingThere, UsageError
from daemon.events import Bus, CreationChanged
from daemon.library.store import Store
from daemon.system.clock import unix_us
from daemon.system.files import make_folder, sweep, write_durably
from relay.wire.ids import uuid7

log = logging.getLogger(__name__)
ENDING = ".json"


class Creations:
    """folder: a file for each. All methods are [loop]; what they raise besides what they say: NoSpace, LibraryStuck."""

    def __init__(self, folder: Path, store: Store, bus: Bus) -> None:
        self._folder = folder
        self._store = store
        self._bus = bus
        self._changing = asyncio.Lock()

    def path_of(self, creation_id: str) -> Path:
        """Its file."""
        return self._folder / f"{creation_id}{ENDING}"

    async def open(self) -> int:
        """Take in what the library does not know, or not as it is: the files are never behind it. How many. Run once, before serving."""
        files = await asyncio.to_thread(_files_in, self._folder)
        known = {
            each.creation_id: each for deleted in (False, True) for each in await self.every(deleted=deleted)
        }
        lost = [each for each in files if known.get(each.creation_id) != each]
        for each in lost:
            await self._store.run(Store.put_creation, each)
        return len(lost)

    async def every(self, kind: str | None = None, *, deleted: bool = False) -> list[Creation]:
        """The one changed last first."""
        return await self._store.run(Store.creations, kind, deleted=deleted)

    async def get(self, creation_id: str) -> Creation | None:
        return await self._store.run(Store.creation, creation_id)

    async def of_account(self, account: str) -> list[Creation]:
        """At the relay, or on their way there; loops before the songs that name them."""
        return await self._store.run(Store.creations_of, account)

    async def waiting(self, account: str) -> list[Creation]:
        return await self._store.run(Store.waiting_creations, account)

    async def short_ids(self, creations: list[Creation]) -> dict[str, str]:
        ids = [each.creation_id for each in creations]
        return await self._store.run(Store.short_creation_ids, ids)

    async def find(self, kind: str, said: str, *, deleted: bool = False) -> Creation:
        """By the start of its id, here or at the relay, by its name, or "last". Raises UsageError, NothingThere."""
        every = await self.every(kind, deleted=deleted)
        found = every[:1] if said == "last" else meant(said, every, ids=_ids, name=lambda each: each.name)
        if len(found) == 1:
            return found[0]
        which = "deleted " if deleted else ""
        many = f"No {which}{kind} has" if not found else f"Several {which}{kind}s have"
        listed = f"`sidechain {kind}s list{' --deleted' if deleted else ''}` lists them."
        if said == "last":
            raise NothingThere(
                f"There is no {which}{kind}.", "" if deleted else f"`sidechain {kind}s import` makes one."
            )
        raise UsageError(f"{many} an id that starts with {said[:64]!r}, or that name.", listed)

    def new(
        self, kind: str, name: str, score: str, *, take_id: str | None = None, creation_id: str = ""
    ) -> Creation:
        """Not stored yet. creation_id: "" for a fresh one."""
        now_us = unix_us()
        return Creation(
            creation_id=creation_id or uuid7(time.time_ns() // 1_000_000, os.urandom(10)),
            kind=kind,
            name=name,
            score=score,
            created_us=now_us,
            changed_us=now_us,
            take_id=take_id,
        )

    async def change(self, creation_id: str, how: Callable[[Creation], Creation]) -> Creation:
        """Another state of one, made of what it is by then: nobody else changes it in between. Raises UsageError: it is gone."""
        async with self._changing:
            creation = await self.get(creation_id)
            if creation is None:
                raise UsageError(
                    "It is not in the library, or no longer.", "List what is there, and try again."
                )
            now = how(creation)
            return creation if now == creation else await self.put(now)

    async def put(self, creation: Creation) -> Creation:
        """A new one, or another state of one: durable when this returns."""
        try:
            await asyncio.to_thread(_write, self._folder, creation)
        except OSError as error:
            raise LibraryStuck(
                f"The disk failed while “{creation.name}” was written: {error.strerror}.",
                "Try again. Look after the disk.",
            ) from error
        await self._store.run(Store.put_creation, creation)
        self._bus.tell(CreationChanged(creation_id=creation.creation_id))
        return creation

    async def remove(self, creation: Creation) -> None:
        """For good. The row first: a crash between leaves a file that comes back, never a row without one."""
        await self._store.run(Store.remove_creation, creation.creation_id)
        await asyncio.to_thread(self.path_of(creation.creation_id).unlink, missing_ok=True)
        self._bus.tell(CreationChanged(creation_id=creation.creation_id))


def _ids(creation: Creation) -> tuple[str, ...]:
    return (creation.creation_id, creation.relay_id) if creation.relay_id else (creation.creation_id,)


def _write(folder: Path, creation: Creation) -> None:
    make_folder(folder)
    write_durably(folder / f"{creation.creation_id}{ENDING}", msgspec.json.encode(creation))


def _files_in(folder: Path) -> list[Creation]:
    """One that cannot be read is left alone, and said in the log."""
    if not folder.is_dir():
        return []
    sweep(folder)
    found = []
    for path in sorted(folder.glob(f"*{ENDING}")):
        try:
            creation = msgspec.json.decode(path.read_bytes(), type=Creation)
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s cannot be read and was left alone: %s", path.name, error)
            continue
        if f"{creation.creation_id}{ENDING}" == path.name:
            found.append(creation)
    return found
