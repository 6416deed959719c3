"""Keeping, and the library of takes, as tray and command line ask for them."""

import asyncio
from pathlib import Path

import msgspec

import bridge.control as c
from daemon.core.importing import Words
from daemon.doors.control.answers import Answers
from daemon.doors.control.players import Players
from daemon.doors.control.told import sound_info, take_info, told_alikes, told_take
from daemon.features.importing.importing import Importing
from daemon.features.keeping.asking import Ask
from daemon.features.keeping.keeping import Keeping
from daemon.features.posting.posting import Posting
from daemon.features.rendering.renderer import Renderer
from daemon.features.rendering.search import Search
from daemon.features.repairs.repairs import Repairs
from daemon.features.trimming.trimming import Part, Trimming
from daemon.library.outlines import read_outline
from daemon.library.rows import TakeRow
from daemon.library.store import Store
from daemon.library.takes import Takes

OUTLINE_COLUMNS = 16


def asked_part(request: c.KeepTake | c.CopyHistory) -> Ask:
    """Which part of a History a request names. [any]"""
    return Ask(
        bars=request.bars,
        seconds=request.seconds,
        ago_s=request.ago_s,
        from_ago_s=request.from_ago_s,
        whole=request.whole,
        generation=request.generation,
        first_frame=request.first_frame,
        at_frame=request.end_frame,
        snap=request.snap,
    )


class TakeAnswers:
    """All methods are [loop]."""

    def __init__(
        self,
        *,
        store: Store,
        takes: Takes,
        keeping: Keeping,
        renderer: Renderer,
        posting: Posting,
        repairs: Repairs,
        players: Players,
        search: Search,
        importing: Importing,
        trimming: Trimming,
    ) -> None:
        self._store = store
        self._takes = takes
        self._keeping = keeping
        self._renderer = renderer
        self._posting = posting
        self._repairs = repairs
        self._players = players
        self._search = search
        self._importing = importing
        self._trimming = trimming
        self.answers: Answers = {
            c.KeepTake: self._keep,
            c.ListTakes: self._list,
            c.ShowTake: self._show,
            c.RenameTake: self._rename,
            c.TagTake: self._tag,
            c.ImportSound: self._import,
            c.TrimTake: self._trim,
            c.DiscardTake: self._discard,
            c.RestoreTake: self._restore,
            c.DeleteTake: self._delete,
            c.RepairTake: self._repair,
            c.UndoRepair: self._undo,
            c.RenderTake: self._render,
            c.FindSimilar: self._similar,
        }

    async def info(self, take: TakeRow) -> c.TakeInfo:
        """A Take with its Entry, and whether it is being rendered."""
        return await told_take(self._store, take, busy=self._renderer.busy_with == take.take_id)

    async def _keep(self, request: c.KeepTake) -> c.Reply:
        ask = msgspec.structs.replace(asked_part(request), title=request.title, post=request.post)
        (take, entry), chosen = await self._players.first(
            request, lambda player: self._keeping.keep(player, ask)
        )
        return c.OneTake(
            take=take_info(take, entry, busy=False),
            path=self._path(take),
            instance=chosen.instance,
            choice=chosen.says,
        )

    async def _list(self, request: c.ListTakes) -> c.Reply:
        if request.discarded:
            takes = await self._store.run(Store.discarded_takes, request.limit)
        elif request.search.strip():
            takes = await self._store.run(Store.search_takes, request.search, request.limit)
        else:
            takes = await self._store.run(Store.takes, request.limit)
        return c.TakeList(takes=[await self._drawn(take) for take in takes])

    async def _drawn(self, take: TakeRow) -> c.TakeInfo:
        folder = self._takes.folder / take.take_id
        outline = await asyncio.to_thread(read_outline, folder, OUTLINE_COLUMNS)
        return msgspec.structs.replace(await self.info(take), outline=outline)

    async def _show(self, request: c.ShowTake) -> c.Reply:
        return await self._whole(await self._takes.find(request.take_id))

    async def _rename(self, request: c.RenameTake) -> c.Reply:
        return await self._whole(await self._posting.rename(request.take_id, request.title))

    async def _tag(self, request: c.TagTake) -> c.Reply:
        return await self._whole(
            await self._takes.tag(request.take_id, add=request.add, remove=request.remove)
        )

    async def _import(self, request: c.ImportSound) -> c.Reply:
        words = Words(bpm=request.bpm, meter=request.meter, given=request.given)
        take = await self._importing.take_in(Path(request.path), request.title, words, request.stem_of)
        return await self._whole(take)

    async def _trim(self, request: c.TrimTake) -> c.Reply:
        part = Part(bars=request.bars, from_s=request.from_s, to_s=request.to_s)
        return await self._whole(await self._trimming.trim(request.take_id, part, request.title))

    async def _discard(self, request: c.DiscardTake) -> c.Reply:
        return await self._whole(await self._takes.discard(request.take_id))

    async def _restore(self, request: c.RestoreTake) -> c.Reply:
        return await self._whole(await self._takes.restore(request.take_id))

    async def _delete(self, request: c.DeleteTake) -> c.Reply:
        await self._takes.delete(request.take_id)
        return c.Done()

    async def _repair(self, request: c.RepairTake) -> c.Reply:
        take = await self._repairs.repair(request.take_id, request.how)
        return c.OneTake(take=await self.info(take), path=self._path(take))

    async def _undo(self, request: c.UndoRepair) -> c.Reply:
        take = await self._repairs.undo(request.take_id)
        return c.OneTake(take=await self.info(take), path=self._path(take))

    async def _render(self, request: c.RenderTake) -> c.Reply:
        await self._repairs.render_again(request.take_id)
        return c.Done()

    async def _similar(self, request: c.FindSimilar) -> c.Reply:
        if request.take_id is not None:
            found = await self._search.like_take(request.take_id, request.limit)
        else:
            found = await self._search.like_sound(request.fingerprint, request.embedding, request.limit)
        return c.SimilarTakes(found=await told_alikes(self._store, found))

    async def _whole(self, take: TakeRow) -> c.OneTake:
        return c.OneTake(take=await self.info(take), path=self._path(take), sound=sound_info(take))

    def _path(self, take: TakeRow) -> str:
        return str(self._takes.folder / take.take_id)
