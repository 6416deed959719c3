"""Keeping, and the library of takes, as tray and command line ask for them."""

import msgspec

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.doors.control.told import sound_info, take_info, told_alikes, told_take
from daemon.doors.sentences import MAX_CHARACTERS
from daemon.errors import NothingKept
from daemon.features.history.recovering import Recovering
from daemon.features.history.recovery import sentence
from daemon.features.keeping.asking import Ask
from daemon.features.keeping.keeping import Keeping
from daemon.features.posting.posting import Posting
from daemon.features.rendering.renderer import Renderer
from daemon.features.rendering.search import Search
from daemon.features.repairs.repairs import Repairs
from daemon.library.rows import TakeRow
from daemon.library.store import Store
from daemon.library.takes import Takes
from daemon.rings.instances import Instances


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
        instances: Instances,
        keeping: Keeping,
        renderer: Renderer,
        posting: Posting,
        repairs: Repairs,
        recovering: Recovering,
        search: Search,
    ) -> None:
        self._store = store
        self._takes = takes
        self._instances = instances
        self._keeping = keeping
        self._renderer = renderer
        self._posting = posting
        self._repairs = repairs
        self._recovering = recovering
        self._search = search
        self.answers: Answers = {
            c.KeepTake: self._keep,
            c.ListTakes: self._list,
            c.ShowTake: self._show,
            c.RenameTake: self._rename,
            c.TagTake: self._tag,
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
        try:
            instance, choice = await self._instances.choose(request.instance)
        except NothingKept:
            # One that is loaded and records nothing says why; its keep is of nobody else.
            loaded = any(one.gone_at is None for one in self._instances.all())
            last_part = asked_part(request) == Ask(bars=request.bars, seconds=request.seconds)
            if request.instance or loaded or not last_part:
                raise
            return await self._keep_of_gone(request)
        ask = msgspec.structs.replace(asked_part(request), title=request.title, post=request.post)
        take, entry = await self._keeping.keep(instance, ask)
        return c.OneTake(
            take=take_info(take, entry, busy=False),
            path=self._path(take),
            instance=instance.name,
            choice=choice[:MAX_CHARACTERS],
        )

    async def _keep_of_gone(self, request: c.KeepTake) -> c.Reply:
        """No plugin is loaded: the last bars are those of the one that is gone since then. Raises NothingKept."""
        one, take = await self._recovering.keep_newest(
            bars=request.bars, seconds=request.seconds, title=request.title
        )
        entry = await self._posting.post(take, request.title) if request.post else None
        return c.OneTake(
            take=take_info(take, entry, busy=False),
            path=self._path(take),
            choice=f"No plugin is loaded. {sentence(one)}"[:MAX_CHARACTERS],
        )

    async def _list(self, request: c.ListTakes) -> c.Reply:
        if request.discarded:
            takes = await self._store.run(Store.discarded_takes, request.limit)
        elif request.search.strip():
            takes = await self._store.run(Store.search_takes, request.search, request.limit)
        else:
            takes = await self._store.run(Store.takes, request.limit)
        return c.TakeList(takes=[await self.info(take) for take in takes])

    async def _show(self, request: c.ShowTake) -> c.Reply:
        return await self._whole(await self._takes.find(request.take_id))

    async def _rename(self, request: c.RenameTake) -> c.Reply:
        return await self._whole(await self._posting.rename(request.take_id, request.title))

    async def _tag(self, request: c.TagTake) -> c.Reply:
        return await self._whole(
            await self._takes.tag(request.take_id, add=request.add, remove=request.remove)
        )

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
