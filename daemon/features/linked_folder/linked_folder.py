"""Keeps a folder of links to the Takes' sounds, under their names, that the browser of a DAW can be pointed at.

What a link is, the system says (bridge.system: a symbolic one, on Windows a hard one). Only links that this file made are ever removed or renamed: each is noted, with the Take it leads to, before it is made,
and looked at again before it is taken away. Whatever else lies in the folder, also under a name that a Take would have, stays.
"""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from bridge.system import make_link, mark_of, mark_of_link
from daemon.config import Config
from daemon.core.linked_names import MAX_LINKS, linked_names, same_file
from daemon.errors import NoSpace
from daemon.events import (
    Bus,
    Event,
    LinkedFolderTroubled,
    TakeChanged,
    TakeDeleted,
    TakeDiscarded,
    TakeKept,
)
from daemon.library.files import TAKE_WAV
from daemon.library.store import Store
from daemon.system.files import write_durably

NOTE = "linked-folder.json"  # in the data folder
CHANGES: tuple[type[Event], ...] = (TakeKept, TakeChanged, TakeDiscarded, TakeDeleted)


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What was made, or is about to be. links: the Take's id by the link's name; marks: what a link is known by (mark_of), by the Take's id."""

    folder: str
    links: dict[str, str] = {}
    marks: dict[str, str] = {}


class LinkedFolder:
    """[loop]"""

    def __init__(self, config: Config, store: Store, bus: Bus) -> None:
        self._config = config
        self._store = store
        self._bus = bus
        self._wake = asyncio.Event()
        for kind in CHANGES:
            bus.on(kind, lambda _: self._wake.set())

    async def run(self) -> None:
        """For ever; cancelled at shutdown. Raises LibraryStuck, LibraryDamaged."""
        while True:
            self._wake.clear()
            takes = await self._store.run(Store.takes, MAX_LINKS) if self._config.linked_folder else []
            wanted = [(take.take_id, take.name) for take in reversed(takes)]
            try:
                await asyncio.to_thread(self._make, wanted)
                trouble = ""
            except (OSError, NoSpace) as error:
                why = error.strerror if isinstance(error, OSError) else error.message
                trouble = f"The folder of links to the takes ({self._config.linked_folder}) is not up to date: {why}."
            self._bus.tell(LinkedFolderTroubled(sentence=trouble))
            await self._wake.wait()

    def _make(self, wanted: list[tuple[str, str]]) -> None:
        """Raises OSError, NoSpace. [worker]"""
        note, folder = self._read(), self._config.linked_folder
        if note and note.folder != folder:
            self._remove(note, note.links.items())
            note = None
        if not folder:
            if (at := self._config.data / NOTE).exists():
                at.unlink()
            return
        where = Path(folder)
        where.mkdir(parents=True, exist_ok=True)
        before = note or Note(folder=folder)
        ours = {name: id for name, id in before.links.items() if self._leads(before, name, id)}
        foreign = {same_file(entry.name) for entry in os.scandir(where) if entry.name not in ours}
        names = linked_names(wanted, {take_id: name for name, take_id in ours.items()}, foreign)
        links = {name: take_id for take_id, name in names.items()}
        if links == ours and note and note.links == ours:
            return
        marks = {take_id: self._mark(before, take_id) for take_id in (ours | links).values()}
        self._write(Note(folder=folder, links=ours | links, marks=marks))
        self._remove(before, ours.items() - links.items())
        for name, take_id in links.items() - ours.items():
            make_link(self._target(take_id), where / name)
        self._write(Note(folder=folder, links=links, marks={id: marks[id] for id in links.values()}))

    def _remove(self, note: Note, links: Iterable[tuple[str, str]]) -> None:
        for name, take_id in links:
            if self._leads(note, name, take_id):
                (Path(note.folder) / name).unlink()

    def _leads(self, note: Note, name: str, take_id: str) -> bool:
        """It is a link, and still the one that was made."""
        mark = self._mark(note, take_id)
        return bool(mark) and mark_of_link(Path(note.folder) / name) == mark

    def _mark(self, note: Note, take_id: str) -> str:
        return mark_of(self._target(take_id)) or note.marks.get(take_id, "")

    def _target(self, take_id: str) -> Path:
        return self._config.takes / take_id / TAKE_WAV

    def _read(self) -> Note | None:
        """None too when it cannot be read: then nothing that lies there is ours."""
        try:
            return msgspec.json.decode((self._config.data / NOTE).read_bytes(), type=Note)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def _write(self, note: Note) -> None:
        write_durably(self._config.data / NOTE, msgspec.json.encode(note))
