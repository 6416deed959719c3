"""Mending the seam of a Take's loop, and undoing it. The sound itself is never changed: all that is made of it is.

Which repair a Take has is a word in its row and beside its sound; the worker applies it before anything else
(render_worker.repaired), so levels, files, figures and a Post made from then on are of the mended loop.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

import bridge.control as c
from daemon.core import outbox
from daemon.doors.control.told import told_take
from daemon.errors import SidechainError, UsageError
from daemon.features.rendering.renderer import Renderer
from daemon.library.files import TAIL_WAV
from daemon.library.rows import TakeRow
from daemon.library.sidecars import write_take
from daemon.library.store import Store
from daemon.library.takes import Takes

ENDED = (outbox.State.ACCEPTED, outbox.State.DISCARDED)


class Repairs:
    """Answers RepairTake and UndoRepair. All methods are [loop]."""

    def __init__(self, store: Store, takes: Takes, renderer: Renderer) -> None:
        self._store = store
        self._takes = takes
        self._renderer = renderer
        self.answers: dict[type, Callable[..., Awaitable[c.Reply]]] = {
            c.RepairTake: self._repair, c.UndoRepair: self._undo,
        }  # fmt: skip

    async def _repair(self, request: c.RepairTake) -> c.Reply:
        take = await self._takes.find(request.take_id)
        has_tail = await asyncio.to_thread((self._takes.folder / take.take_id / TAIL_WAV).exists)
        how = request.how or ("wrap" if has_tail and _reason(take) == "tail" else "fade")
        if how == "wrap" and not has_tail:
            raise UsageError(
                "Nothing that rang on was kept with this take: the transport went on after its last bar.",
                "Use --fade.",
            )
        if how == take.repair:
            raise UsageError(
                f"This take is mended by {how} already.", "`sidechain takes undo` takes it back."
            )
        return await self._change(request, take, how)

    async def _undo(self, request: c.UndoRepair) -> c.Reply:
        take = await self._takes.find(request.take_id)
        if take.repair is None:
            raise UsageError("There is no repair of this take to undo.")
        return await self._change(request, take, None)

    async def _change(self, request: c.RepairTake | c.UndoRepair, take: TakeRow, how: str | None) -> c.Reply:
        """Sidecar first, row second, as everywhere. Raises SidechainError while anything is made or sent of it."""
        entry = await self._store.run(Store.entry_of, take.take_id)
        if entry and entry.state not in ENDED:
            raise SidechainError(
                "This take is on its way to the relay.",
                "Repair it when it has arrived, or take it back first: `sidechain outbox discard`.",
                code="busy",
            )
        if take.state == "kept":
            raise SidechainError("This take is still being made.", "Try again in a moment.", code="busy")
        changed = msgspec.structs.replace(
            take,
            repair=how,
            state="kept",
            attempts=0,
            failures=0,
            flac_sha256=None,
            recording=None,
            error=None,
        )
        await asyncio.to_thread(write_take, self._takes.folder, changed)
        await self._store.run(Store.set_repair, take.take_id, how)
        self._renderer.wake()
        path = str(Path(self._takes.folder) / take.take_id)
        return c.OneTake(id=request.id, take=await told_take(self._store, changed), path=path)


def _reason(take: TakeRow) -> object:
    return (take.recording or {}).get("seam_reason")
