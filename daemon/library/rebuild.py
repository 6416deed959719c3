"""A library that was damaged, lost or set back, made whole from the files beside the sound.

Order of trust: the sound, then the files beside it, then the database. A damaged database is moved aside, never
deleted. "Damaged" is said only after looking twice: SQLite may call a sound file malformed when the disk stumbles.
"""

import logging
import os
import sqlite3
import time
from pathlib import Path

import msgspec

from bridge.errors import AlreadyRunning as LockHeld
from bridge.errors import RunDirRefused
from bridge.lock import FolderLock
from bridge.system import sync_folder
from daemon.config import Config
from daemon.core import outbox
from daemon.errors import AlreadyRunning, LibraryDamaged, LibraryStuck, SidechainError
from daemon.library import sidecars
from daemon.library.store import Store
from daemon.system.files import is_gone, make_folder
from daemon.system.reading import open_shared
from daemon.system.sqlite import named

log = logging.getLogger(__name__)

LOOKS = 2
MAGIC = b"SQLite format 3\0"
UNUSABLE = (OSError, msgspec.DecodeError, sqlite3.IntegrityError, SidechainError)
BESIDE = ("-wal", "-shm")  # the files SQLite keeps next to a database


def own_data(config: Config) -> FolderLock:
    """The data folder, there, and locked: of daemons with different run folders, one at a time has it.

    Raises AlreadyRunning, LibraryStuck. [worker]
    """
    try:
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FolderLock.acquire(config.data)
        make_folder(config.takes)
        return lock
    except LockHeld as error:
        raise AlreadyRunning(
            f"Another daemon (pid {error.pid}), of another run folder, has the takes in {config.data_dir}.",
            "End it, or set another data_dir.",
        ) from error
    except (RunDirRefused, OSError) as error:
        why = error.why if isinstance(error, RunDirRefused) else f"cannot be used: {error.strerror}"
        raise LibraryStuck(
            f"The data folder {config.data_dir} {why}.", "Mend it, or set data_dir; nothing kept is lost."
        ) from error


def open_library(path: Path, takes_dir: Path) -> tuple[Store, str | None]:
    """The library, checked; a damaged one is moved aside for an empty one, and the sentence says so.

    Raises LibraryStuck, NoSpace (nothing was changed), BadConfig (written by a newer version). [worker]
    """
    begun = any(takes_dir.iterdir())
    if begun and not path.exists() and not path.with_name(path.name + "-wal").exists():
        log.error("the library is missing and is made again from the takes")
        return Store(path), "The library was missing and is made again from the takes."
    why = "it is no database" if begun and _is_hollow(path) else ""
    if not why:
        for _ in range(LOOKS):
            try:
                store = Store(path)
            except (LibraryDamaged, sqlite3.Error, ValueError) as error:
                why = _damage(error)
                continue
            try:
                store.check()
                sync_folder(path.parent)
                return store, None
            except (LibraryDamaged, sqlite3.Error, ValueError) as error:
                store.close()
                why = _damage(error)
    aside = move_aside(path)
    sentence = (
        f"The library was damaged ({why}) and is rebuilt from the takes; the old one lies in {aside.name}."
    )
    log.error("%s", sentence)
    store = Store(path)
    sync_folder(path.parent)
    return store, sentence


def move_aside(path: Path) -> Path:
    """Rename the database and what SQLite keeps beside it; the new name. [worker]"""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    aside = path.with_name(f"{path.stem}.damaged-{stamp}{path.suffix}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.stem}.damaged-{stamp}-{number}{path.suffix}")
    for ending in ("", *BESIDE):
        beside = path.with_name(path.name + ending)
        if beside.exists():
            os.rename(beside, aside.with_name(aside.name + ending))
    sync_folder(path.parent)
    return aside


def _is_hollow(path: Path) -> bool:
    """Nothing there that SQLite would take for a database; it would throw the log beside it away."""
    if not path.exists():
        return path.with_name(path.name + "-wal").exists()
    if not path.is_file():
        return False
    with open_shared(path) as file:
        return file.read(len(MAGIC)) != MAGIC


def _damage(error: Exception) -> str:
    """Why it counts as damaged. Raises what is no damage: a full or a sick disk."""
    if isinstance(error, LibraryDamaged):
        return error.why
    trouble = named(error) if isinstance(error, sqlite3.DatabaseError) else None
    if trouble is not None and not isinstance(trouble, LibraryDamaged):
        raise trouble from error
    return str(error)  # text that is no UTF-8; also a migration that meets tables which should not be there


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What `take_in` mended. unreadable: folders that were left alone."""

    takes: int = 0
    entries: int = 0
    unreadable: tuple[str, ...] = ()


def take_in(store: Store, takes_dir: Path) -> Rebuilt:
    """Make the library agree with the files beside the sound. Run before anything is served. [worker]

    A folder without a row is taken in with its Entry; a Take whose Entry is only in its file gets it; an Entry that
    has not ended is set to what its file says; an Entry older than these files is given one.
    """
    known = store.take_ids()
    entries = {entry.take_id: entry for entry in store.entries()}
    takes = mended = 0
    unreadable: list[str] = []
    files: list[sidecars.EntryFile] = []
    for folder in sorted(path for path in takes_dir.iterdir() if path.is_dir() and not is_gone(path)):
        try:
            if folder.name not in known:
                if file := sidecars.read_entry(folder):
                    files.append(file)
                store.add_take(sidecars.read_take(folder))
                log.info("took in %s, which the library did not know", folder.name)
                takes += 1
            else:
                mended += _mend_entry(store, folder, entries.get(folder.name))
        except UNUSABLE as error:
            log.warning("%s was left alone: %s", folder, error)
            unreadable.append(folder.name)
    for file in sorted(files, key=lambda each: each.created_us):  # the order in which they shall go out
        try:
            store.add_entry(sidecars.entry_of_file(file))
        except UNUSABLE as error:
            log.warning("the entry of take %s was left alone: %s", file.take_id, error)
            unreadable.append(file.take_id)
    return Rebuilt(takes=takes, entries=mended, unreadable=tuple(unreadable))


def _mend_entry(store: Store, folder: Path, entry: outbox.Entry | None) -> bool:
    """Whether the row had to be changed."""
    if entry is not None and entry.state is outbox.State.ACCEPTED:
        return False
    file = sidecars.read_entry(folder)
    if file is None:
        if entry is not None:
            sidecars.write_entry(folder.parent, entry)
        return False
    if entry is None:
        store.add_entry(sidecars.entry_of_file(file))
        return True
    # Neither the copy's hash nor the end of a hold is written to the file each time that they change.
    wanted = sidecars.entry_file(entry)
    should = msgspec.structs.replace(file, sha256=wanted.sha256, held_until_us=entry.held_until_us)
    if wanted == should:
        return False
    log.warning("the entry of take %s is set back to what its file says", folder.name)
    store.replace_entry(entry, sidecars.entry_of_file(file))
    return True
