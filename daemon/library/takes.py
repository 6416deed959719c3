"""The local library of Takes: what makes one durable, finds it, renames and deletes it. Posting them: entries.py.

The order is the promise: file written and synced aside, folder renamed and synced, row committed with FULL sync. A
crash before that leaves nothing but a stray that the next start sweeps, and a folder without a row is taken in again
from the files beside its sound (rebuild.py). Not here: where the sound comes from (features/keeping, features/history).
"""

import asyncio
import contextlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

import msgspec

from audio.encode.wave import wav_f32_header
from daemon.config import Config
from daemon.core import capture, outbox
from daemon.core.shelf import MAX_TAGS, retagged, why_no_tag
from daemon.errors import LibraryStuck, NoSpace, NothingThere, SidechainError, UsageError
from daemon.events import Bus, SettingsChanged, TakeChanged, TakeDeleted, TakeDiscarded, TakeKept, TakeReset
from daemon.library import sidecars, whole_sets
from daemon.library.files import ENTRY_JSON, TAIL_WAV, TAKE_JSON, TAKE_WAV
from daemon.library.rebuild import Rebuilt, take_in
from daemon.library.rows import TakeRow
from daemon.library.store import Store
from daemon.system.clock import unix_us
from daemon.system.files import make_folder, publish_folder, remove_folder, sweep
from relay.wire.ids import uuid7

log = logging.getLogger(__name__)

Made = tuple[TakeRow, outbox.Entry | None]
M = TypeVar("M")


class Tail(msgspec.Struct, frozen=True, kw_only=True):
    """What rang on after the last bar: interleaved float32 of the Take's channels."""

    frames: int
    data: bytes | memoryview


class Takes:
    """Methods that copy or write run in a thread; all are awaited from the [loop]."""

    def __init__(self, config: Config, store: Store, bus: Bus) -> None:
        self._config = config
        self._store = store
        self._bus = bus
        self.folder = config.takes
        bus.on(SettingsChanged, self._settings_changed)

    def _settings_changed(self, event: SettingsChanged) -> None:
        self._config = event.config

    async def open(self) -> Rebuilt:
        """Sweep what a crash left, and take in what the library does not know. Run once, before serving."""
        for folder in (self.folder.parent, self.folder):
            for name in await asyncio.to_thread(sweep, folder):
                log.info("swept %s, half-written when the daemon ended", name)
        try:
            await asyncio.to_thread(whole_sets.move_out, self.folder)
        except OSError as error:  # it stays whole where it is, until the next start
            log.warning("a set that was kept could not be moved to the other takes: %s", error)
        return await self._store.run(take_in, self.folder)

    async def add(self, make: Callable[[], Made]) -> Made:
        """A new Take, and its Entry if it is to be posted, in one transaction.

        make: copies the sound and writes the folder by `publish`, on a thread of its own. Raises what it raises, and
        NoSpace, LibraryStuck.
        """
        take, entry = await self._made(make)
        try:
            await self._store.run(Store.add_take, take, entry)
        except SidechainError:
            await self._unmake(take.take_id)
            raise
        self._bus.tell(TakeKept(take_id=take.take_id, entry=entry))
        return take, entry

    async def add_all(self, make: Callable[[], list[TakeRow]]) -> list[TakeRow]:
        """Several new Takes, all or none of them, in one transaction. make, raises: as `add`."""
        takes = await self._made(make)
        try:
            await self._store.run(Store.add_takes, takes)
        except SidechainError:
            for take in takes:
                await self._unmake(take.take_id)
            raise
        for take in takes:
            self._bus.tell(TakeKept(take_id=take.take_id))
        return takes

    async def _made(self, make: Callable[[], M]) -> M:
        try:
            return await asyncio.to_thread(make)
        except OSError as error:  # what was written is not trusted, and gone
            raise LibraryStuck(
                f"The disk failed while the take was written: {error.strerror}.",
                "Keep again; the Ring still holds the sound. Look after the disk.",
            ) from error

    async def _unmake(self, take_id: str) -> None:
        """It was not kept, and we say so: then it must not come back by itself."""
        with contextlib.suppress(OSError):
            await asyncio.to_thread(remove_folder, self.folder / take_id)

    def publish(
        self,
        take: TakeRow,
        entry: outbox.Entry | None,
        sound: Iterable[bytes | memoryview],
        tail: Tail | None = None,
    ) -> None:
        """The Take's folder, all or nothing. Raises NoSpace, OSError, and what `sound` raises. [worker]"""
        files = _files_of(take, sound)
        if tail is not None:
            head = wav_f32_header(tail.frames, take.channels, round(take.sample_rate_hz))
            files[TAIL_WAV] = [head, tail.data]
        if entry:
            files[ENTRY_JSON] = [sidecars.entry_bytes(entry)]
        publish_folder(self.folder / take.take_id, files)

    @contextlib.contextmanager
    def all_or_none(self, set_id: str) -> Iterator[Callable[[TakeRow, memoryview], None]]:
        """Yields what writes the folder of a Take; they are kept at the end, all of them. If anything fails until then, or
        ends the daemon, none that it wrote stays. Raises as `publish`. [worker]"""
        written: list[str] = []
        make_folder(self.folder)  # somebody may have removed it
        aside = whole_sets.begin(self.folder, set_id)

        def write(take: TakeRow, sound: memoryview) -> None:
            publish_folder(aside / take.take_id, _files_of(take, [sound]))
            written.append(take.take_id)

        try:
            yield write
            whole_sets.keep(self.folder, set_id)
            whole_sets.move_out(self.folder)
        except BaseException:
            whole_sets.undo(self.folder, set_id, written)
            raise

    def require_space(self, take_bytes: int) -> None:
        """Room for a Take, and for what is made of it. Raises NoSpace, OSError. [worker]"""
        make_folder(self.folder)  # somebody may have removed it
        free = shutil.disk_usage(self.folder).free
        needed = self._config.min_free_bytes + 2 * take_bytes
        if free < needed:
            raise NoSpace(
                f"Only {free / 1e6:.1f} MB are free where takes are kept ({self.folder}); this needs {needed / 1e6:.1f}.",
                "Free some space and keep again; the Ring still holds the sound.",
            )

    async def find(self, prefix: str, *, discarded: bool = False) -> TakeRow:
        """The Take named by a unique prefix of its id, by its name, or "last": of those that were discarded, or of the others.

        Raises UsageError; NothingThere, where there is no last one.
        """
        found = await self._store.run(Store.find_take, prefix, discarded=discarded)
        if not found and prefix == "last" and discarded:
            raise NothingThere("There is nothing to restore.", "`sidechain takes` lists what is there.")
        if not found and prefix == "last":
            raise NothingThere("There are no takes yet.", "Play, then `sidechain keep`.")
        found = found or await self._store.run(Store.takes_called, prefix, discarded=discarded)
        if len(found) != 1:
            many = "No take has" if not found else "Several takes have"
            raise UsageError(
                f"{many} an id that starts with {prefix!r}, or that name.", "`sidechain takes` lists them."
            )
        return found[0]

    async def get(self, take_id: str) -> TakeRow:
        """The Take of this id. Raises UsageError: it was deleted meanwhile."""
        for take in await self._store.run(Store.find_take, take_id):
            if take.take_id == take_id:
                return take
        raise UsageError("This take is no longer in the library.", "Keep again, then post.")

    async def names(self, take_ids: Iterable[str]) -> dict[str, str]:
        """What these Takes are called, by id; without those that are gone."""
        return {take.take_id: take.name for take in await self._store.run(Store.takes_of, take_ids)}

    async def rename(self, prefix: str, title: str) -> TakeRow:
        """Row and file; the file, because a rebuilt library knows only that."""
        renamed = msgspec.structs.replace(await self.find(prefix), title=title)
        await asyncio.to_thread(sidecars.write_take, self.folder, renamed)
        await self._store.run(Store.rename_take, renamed.take_id, title)
        self._bus.tell(TakeChanged(take_id=renamed.take_id))
        return renamed

    async def tag(self, prefix: str, *, add: Sequence[str], remove: Sequence[str]) -> TakeRow:
        """Put a Take under tags, and take it from under others. Raises UsageError."""
        for why in filter(None, map(why_no_tag, add)):
            raise UsageError(why, "Give another tag.")
        take = await self.find(prefix)
        tags = retagged(take.tags, add=add, remove=remove)
        if len(tags) > MAX_TAGS:
            raise UsageError(f"A take has at most {MAX_TAGS} tags.", "Take one away first.")
        tagged = msgspec.structs.replace(take, tags=tags)
        await asyncio.to_thread(sidecars.write_take, self.folder, tagged)
        await self._store.run(Store.tag_take, take.take_id, tags)
        self._bus.tell(TakeChanged(take_id=take.take_id))
        return tagged

    async def discard(self, prefix: str) -> TakeRow:
        """Out of all lists; `restore` brings it back until its grace is over. Raises UsageError, SidechainError."""
        take = await self.find(prefix)
        await self._require_at_rest(take)
        discarded = await self._set_discarded(take, unix_us())
        self._bus.tell(TakeDiscarded(take_id=take.take_id))
        return discarded

    async def discard_all(self, takes: Sequence[TakeRow]) -> None:
        """All of them, or none while an Entry of one is under way. Raises SidechainError."""
        for take in takes:
            await self._require_at_rest(take)
        for take in takes:
            await self.discard(take.take_id)

    async def restore(self, prefix: str) -> TakeRow:
        """Raises UsageError when no discarded Take is called so."""
        restored = await self._set_discarded(await self.find(prefix, discarded=True), None)
        self._bus.tell(TakeReset(take_id=restored.take_id))  # it may have been discarded before it was made
        self._bus.tell(TakeChanged(take_id=restored.take_id))
        return restored

    async def _set_discarded(self, take: TakeRow, at_us: int | None) -> TakeRow:
        changed = msgspec.structs.replace(take, discarded_us=at_us)
        await asyncio.to_thread(sidecars.write_take, self.folder, changed)
        await self._store.run(Store.set_discarded, take.take_id, at_us)
        return changed

    async def delete(self, prefix: str) -> None:
        """For good. Raises UsageError, SidechainError."""
        await self.remove(await self.find(prefix))

    async def remove(self, take: TakeRow) -> None:
        """Row first, folder second: a crash between leaves a folder that comes back, never a Take without sound."""
        await self._require_at_rest(take)
        await self._store.run(Store.delete_take, take.take_id)
        self._bus.tell(TakeDeleted(take_id=take.take_id))
        await asyncio.to_thread(remove_folder, self.folder / take.take_id)

    async def _require_at_rest(self, take: TakeRow) -> None:
        entry = await self._store.run(Store.entry_of, take.take_id)
        if entry and entry.state in outbox.UNDER_WAY:
            raise SidechainError(
                "This take is on its way to the relay.",
                "Wait until it has arrived, or take it back first: `sidechain outbox discard`.",
                code="busy",
            )

    def require_sound(self, take: TakeRow) -> None:
        """Raises SidechainError when the sound itself is gone. [worker]"""
        if not (self.folder / take.take_id / TAKE_WAV).exists():
            raise SidechainError(f"The sound of take {take.take_id[:12]} is missing ({TAKE_WAV}).")


def _files_of(take: TakeRow, sound: Iterable[bytes | memoryview]) -> dict[str, Iterable[bytes | memoryview]]:
    """By their names."""
    wav = wav_f32_header(take.frames, take.channels, round(take.sample_rate_hz))
    return {TAKE_WAV: chain([wav], sound), TAKE_JSON: [sidecars.take_bytes(take)]}


def new_take(
    cut: capture.Cut, *, title: str, host_name: str, track_name: str, sample_rate_hz: float, channels: int
) -> TakeRow:
    """A fresh Take of this Cut."""
    return TakeRow(
        take_id=uuid7(time.time_ns() // 1_000_000, os.urandom(10)),
        title=title,
        created_us=unix_us(),
        host_name=host_name,
        track_name=track_name,
        frames=cut.frames,
        sample_rate_hz=sample_rate_hz,
        channels=channels,
        cut=cut,
    )


def require_one_length(bars: int | None, seconds: float | None) -> None:
    """Raises UsageError when a Take is asked for in two ways."""
    if bars is not None and seconds is not None:
        raise UsageError("A take is asked for in bars or in seconds, not both.")
