"""What a person does with the loops, songs, patterns and machines of the library. The relay is not asked for any of it."""

import asyncio
from pathlib import Path

from msgspec.structs import replace

from daemon.core.analysis import TakeAnalysis
from daemon.core.creations import Creation
from daemon.core.scores import (
    kind_of,
    read_json,
    read_text,
    renamed,
    require_sound,
    text_of,
    with_loops,
)
from daemon.core.shelf import matches
from daemon.core.take_loops import loop_of_take
from daemon.errors import UsageError
from daemon.features.creations.storage import Here, Storage
from daemon.library.creations import Creations
from daemon.library.takes import Takes
from daemon.system.clock import unix_us
from relay.wire.scores import Score

MAX_CREATIONS = 10_000
"""Of a kind: a list is read whole, to find a name."""


class Creating:
    """All methods are [loop]. Raises UsageError, NoSpace, LibraryStuck."""

    def __init__(self, library: Creations, takes: Takes) -> None:
        self._library = library
        self._takes = takes
        self._here: Storage = Here(library)

    async def listed(
        self, kind: str, limit: int, *, search: str = "", deleted: bool = False
    ) -> list[Creation]:
        """The one changed last first."""
        every = await self._library.every(kind, deleted=deleted)
        return [each for each in every if matches(search, (each.name,))][:limit]

    async def find(self, kind: str, said: str) -> Creation:
        return await self._library.find(kind, said)

    async def take_in(self, kind: str, path: Path, name: str, into: str) -> Creation:
        """A score from a file; the loops of a song with it. into: one of the library that becomes this; "": a new one."""
        try:
            data = await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
        read = read_json(data)
        found = kind_of(read.score)
        if found != kind:
            raise UsageError(f"This is a {found}, no {kind}.", f"Say `sidechain {found}s import`.")
        score = renamed(read.score, name) if name else read.score
        into_it = await self._library.find(kind, into) if into else None
        ids = {each: (await self.add(loop)).creation_id for each, loop in read.loops.items()}
        score = with_loops(score, ids)
        if into_it is None:
            return await self.add(score)
        return await self._save(into_it, renamed(score, name or into_it.name))

    async def add(self, score: Score, take_id: str | None = None) -> Creation:
        """A new one."""
        require_sound(score)
        kind = kind_of(score)
        if len(await self._library.every(kind)) >= MAX_CREATIONS:
            raise UsageError(f"There are {MAX_CREATIONS:,} {kind}s here: no more fit.", "Delete one first.")
        new = self._library.new(kind, score.name.strip(), text_of(score), take_id=take_id)
        return await self._library.put(new)

    async def of_take(self, said: str, name: str, bars: int | None) -> Creation:
        """A loop of a take's tempo, bars and key; its sound is the take."""
        take = await self._takes.find(said)
        analysis = take.analysis or TakeAnalysis()
        score = loop_of_take(
            name or take.name,
            seconds=take.frames / take.sample_rate_hz,
            bars=take.cut.bars,
            bpm=take.cut.bpm or analysis.bpm,
            key=analysis.key,
            meter=None if take.cut.meter is None else "/".join(map(str, take.cut.meter)),
            said_bars=bars,
        )
        return await self.add(score, take.take_id)

    async def rename(self, kind: str, said: str, name: str) -> Creation:
        creation = await self._library.find(kind, said)
        return await self._save(creation, renamed(read_text(creation.score), name))

    async def delete(self, kind: str, said: str) -> Creation:
        """Out of all lists, and from the relay; it can be restored until its grace is over."""
        creation = await self._library.find(kind, said)
        return await self._library.change(creation.creation_id, _deleted)

    async def restore(self, kind: str, said: str) -> Creation:
        """As it was; what was deleted at the relay meanwhile is only here then."""
        creation = await self._library.find(kind, said, deleted=True)
        return await self._library.change(creation.creation_id, _restored)

    async def _save(self, creation: Creation, score: Score) -> Creation:
        require_sound(score)
        await self._here.save(creation.creation_id, score, creation.version)
        return await self._library.find(creation.kind, creation.creation_id)


def _deleted(creation: Creation) -> Creation:
    waits = creation.relay_id is not None or creation.making is not None
    return replace(creation, deleted_us=unix_us(), waits=waits, trouble="")


def _restored(creation: Creation) -> Creation:
    return replace(creation, deleted_us=None, changed_us=unix_us(), waits=creation.account is not None)
