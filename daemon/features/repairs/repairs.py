"""Mending the seam of a Take's loop, undoing it, and making all files of a Take anew. The sound as played never changes.

Which repair a Take has is a word in its row and beside its sound; the render worker applies it before anything else,
so levels, files, figures and a Post made from then on are of the mended loop.
"""

import asyncio
from typing import Literal

import msgspec

from daemon.core import outbox
from daemon.errors import NothingThere, SidechainError, UsageError
from daemon.events import Bus, TakeReset
from daemon.library.files import TAIL_WAV
from daemon.library.rows import TakeRow
from daemon.library.sidecars import write_take
from daemon.library.store import Store
from daemon.library.takes import Takes

ENDED = (outbox.State.ACCEPTED, outbox.State.DISCARDED)
How = Literal["fade", "wrap"]


class Repairs:
    """All methods are [loop]; a Take is named by any unique prefix of its id, or "last". Raises UsageError, SidechainError."""

    def __init__(self, store: Store, takes: Takes, bus: Bus) -> None:
        self._store = store
        self._takes = takes
        self._bus = bus

    async def repair(self, prefix: str, how: How | None) -> TakeRow:
        """Mend the seam: how None, by what the seam asks for."""
        take = await self._takes.find(prefix)
        has_tail = await asyncio.to_thread((self._takes.folder / take.take_id / TAIL_WAV).exists)
        how = how or ("wrap" if has_tail and _seam_reason(take) == "tail" else "fade")
        if how == "wrap" and not has_tail:
            raise UsageError(
                "Nothing that rang on was kept with this take: the transport went on after its last bar.",
                "Use --fade.",
            )
        if how == take.repair:
            raise UsageError(
                f"This take is mended by {how} already.", "`sidechain takes undo` takes it back."
            )
        return await self._change(take, how)

    async def undo(self, prefix: str) -> TakeRow:
        """As it was played."""
        take = await self._takes.find(prefix)
        if take.repair is None:
            raise NothingThere("There is no repair of this take to undo.")
        return await self._change(take, None)

    async def render_again(self, prefix: str) -> None:
        """Make all files of a Take anew from its sound."""
        take = await self._takes.find(prefix)
        await asyncio.to_thread(self._takes.require_sound, take)
        await self._store.run(Store.retry_take, take.take_id)
        self._bus.tell(TakeReset(take_id=take.take_id))

    async def _change(self, take: TakeRow, how: How | None) -> TakeRow:
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
        self._bus.tell(TakeReset(take_id=take.take_id))
        return changed


def _seam_reason(take: TakeRow) -> object:
    return (take.recording or {}).get("seam_reason")
