"""From a Ring to a durable Take, and the local library of them. Posting them: entries.py.

The order is the promise: bytes copied out of the Ring, file written and synced aside, folder renamed and synced,
row committed with FULL sync. Only then does `keep` return; a crash before that leaves nothing but a stray that the
next start sweeps, and a folder without a row is taken in again from the files beside its sound (rebuild.py).
"""

import asyncio
import contextlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain

import msgspec

from audio.wave import wav_f32_header
from bridge.errors import BridgeError
from bridge.shm import RingFile, Span
from daemon.config import Config
from daemon.core import capture, outbox
from daemon.core.journal import Damaged
from daemon.core.ring_out import tail_frames
from daemon.errors import LibraryStuck, NoSpace, NothingKept, SidechainError, UsageError
from daemon.features.history.recovery import Recovered, cut_of, where
from daemon.library import sidecars
from daemon.library.entries import new_entry
from daemon.library.files import ENTRY_JSON, TAIL_WAV, TAKE_JSON, TAKE_WAV
from daemon.library.rebuild import Rebuilt, take_in
from daemon.library.rows import TakeRow
from daemon.library.store import Store
from daemon.rings.instances import Instance, history_of
from daemon.system.clock import unix_us
from daemon.system.files import publish_folder, remove_folder, sweep
from plugin_protocol.errors import RemoteProtocolError
from plugin_protocol.layout import SAMPLE_BYTES
from relay.wire.ids import uuid7

log = logging.getLogger(__name__)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants kept of a Ring: `bars` or `seconds`, else as config says, up to `at_frame` or up to now.

    generation: of the Ring that `at_frame` counts in; None: the newest. post_as: the account, if any, that a post is
    for. asked: see TakeRow.
    """

    bars: int | None = None
    seconds: float | None = None
    at_frame: int | None = None
    generation: int | None = None
    title: str = ""
    post: bool = False
    post_as: str | None = None
    asked: str | None = None


class Takes:
    """The library. Methods that copy or write run in a thread; all are awaited from the [loop]."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store
        self.folder = config.takes

    async def open(self) -> Rebuilt:
        """Sweep what a crash left, and take in what the library does not know. Run once, before serving."""
        for folder in (self.folder.parent, self.folder):
            for name in await asyncio.to_thread(sweep, folder):
                log.info("swept %s, half-written when the daemon ended", name)
        return await self._store.run(take_in, self.folder)

    async def keep(self, instance: Instance, ask: Ask) -> tuple[TakeRow, outbox.Entry | None]:
        """Make a Take durable; with `ask.post`, its Entry in the same transaction.

        An `asked` that has made its Take, also before the daemon died, makes no other. Raises NothingKept, NoSpace,
        LibraryStuck.
        """
        if ask.asked and (made := await self._store.run(Store.take_asked, ask.asked)):
            return made, await self._store.run(Store.entry_of, made.take_id)
        return await self._add(partial(self._copy, instance, ask))

    async def keep_recovered(
        self, one: Recovered, *, bars: int | None, seconds: float | None, before_end_s: float, title: str
    ) -> TakeRow:
        """Make a Take of what a host left behind. Raises as `keep` does."""
        take, _ = await self._add(partial(self._copy_recovered, one, bars, seconds, before_end_s, title))
        return take

    async def _add(
        self, copy: Callable[[], tuple[TakeRow, outbox.Entry | None]]
    ) -> tuple[TakeRow, outbox.Entry | None]:
        """What `copy` has put into a folder becomes a row."""
        try:
            take, entry = await asyncio.to_thread(copy)
        except OSError as error:  # what was written is not trusted, and gone
            raise LibraryStuck(
                f"The disk failed while the take was written: {error.strerror}.",
                "Keep again; the Ring still holds the sound. Look after the disk.",
            ) from error
        try:
            await self._store.run(Store.add_take, take, entry)
        except SidechainError:  # it was not kept, and we say so: then it must not come back by itself
            with contextlib.suppress(OSError):
                await asyncio.to_thread(remove_folder, self.folder / take.take_id)
            raise
        return take, entry

    async def rename(self, take: TakeRow, title: str) -> None:
        """Row and file; the file, because a rebuilt library knows only that."""
        renamed = msgspec.structs.replace(take, title=title)
        await asyncio.to_thread(sidecars.write_take, self.folder, renamed)
        await self._store.run(Store.rename_take, take.take_id, title)

    def _copy(self, instance: Instance, ask: Ask) -> tuple[TakeRow, outbox.Entry | None]:
        with instance.lock:  # until the sound is ours: a new generation must not replace the Ring meanwhile
            ring = instance.ring_of(ask.generation)
            history, now = history_of(ring, ask.at_frame)
            cut = self._cut(history, ask.bars, ask.seconds, now)
            self._require_space(cut.frames * ring.header.frame_bytes)
            try:
                span = ring.read(cut.first_frame, cut.frames)
            except (RemoteProtocolError, BridgeError, OSError) as error:
                raise NothingKept(
                    f"The plugin's memory cannot be read: {error}.", "Reload the plugin."
                ) from error
            header = ring.header
            if span.first_frame != cut.first_frame:
                # The host played on, and overwrote the oldest before it was copied: fewer bars, or seconds.
                left = msgspec.structs.replace(history, oldest_frame=span.first_frame)
                cut = self._cut(left, ask.bars, ask.seconds, now)
            tail = _tail(ring, history, cut)
        first_byte = (cut.first_frame - span.first_frame) * header.frame_bytes
        sound = span.data[first_byte : first_byte + cut.frames * header.frame_bytes]
        take = new_take(
            cut,
            ask.title,
            instance.peer.hello.host_name,
            instance.track_name,
            header.sample_rate_hz,
            header.channels,
        )
        take = msgspec.structs.replace(take, asked=ask.asked)
        entry = new_entry(take, ask.title, ask.post_as) if ask.post else None
        self._publish(take, entry, [sound], tail)
        return take, entry

    def _copy_recovered(
        self, one: Recovered, bars: int | None, seconds: float | None, before_end_s: float, title: str
    ) -> tuple[TakeRow, None]:
        cut, sound = cut_of(one, bars, seconds, before_end_s, self._config.fallback_seconds)
        self._require_space(cut.frames * one.channels * SAMPLE_BYTES)
        note = f"Recovered after {where(one)} went down. {cut.note}".strip()
        take = new_take(
            msgspec.structs.replace(cut, note=note),
            title,
            one.host_name,
            one.track_name,
            one.sample_rate_hz,
            one.channels,
        )
        try:
            self._publish(take, None, sound)
        except Damaged as error:
            raise NothingKept(str(error), "Keep a shorter stretch of it.") from error
        return take, None

    def _publish(
        self,
        take: TakeRow,
        entry: outbox.Entry | None,
        sound: Iterable[bytes | memoryview],
        tail: Span | None = None,
    ) -> None:
        wav = wav_f32_header(take.frames, take.channels, round(take.sample_rate_hz))
        files: dict[str, Iterable[bytes | memoryview]] = {
            TAKE_WAV: chain([wav], sound),
            TAKE_JSON: [sidecars.take_bytes(take)],
        }
        if tail is not None:
            head = wav_f32_header(tail.frames, take.channels, round(take.sample_rate_hz))
            files[TAIL_WAV] = [head, tail.data]
        if entry:
            files[ENTRY_JSON] = [sidecars.entry_bytes(entry)]
        publish_folder(self.folder / take.take_id, files)

    def _cut(
        self, history: capture.History, bars: int | None, seconds: float | None, now: int
    ) -> capture.Cut:
        try:
            if seconds is not None:
                return capture.last_seconds(history, seconds, now)
            wanted = bars or self._config.default_bars
            return capture.last_bars(history, wanted, now, self._config.fallback_seconds)
        except capture.NothingToKeep as error:
            raise NothingKept(error.message, error.next_step) from error

    def _require_space(self, take_bytes: int) -> None:
        free = shutil.disk_usage(self.folder).free
        needed = self._config.min_free_bytes + 2 * take_bytes
        if free < needed:
            raise NoSpace(
                f"Only {free / 1e6:.1f} MB are free where takes are kept ({self.folder}); this needs {needed / 1e6:.1f}.",
                "Free some space and keep again; the Ring still holds the sound.",
            )

    async def find(self, prefix: str) -> TakeRow:
        """The Take named by a unique prefix of its id, or "last". Raises UsageError."""
        found = await self._store.run(Store.find_take, prefix)
        if not found and prefix == "last":
            raise UsageError("There are no takes yet.", "Play, then `sidechain keep`.")
        if len(found) != 1:
            many = "No take has" if not found else "Several takes have"
            raise UsageError(f"{many} an id that starts with {prefix!r}.", "`sidechain takes` lists them.")
        return found[0]

    async def delete(self, take: TakeRow) -> None:
        """Row first, folder second: a crash between leaves a folder that comes back, never a Take without sound."""
        entry = await self._store.run(Store.entry_of, take.take_id)
        if entry and entry.state in (outbox.State.WAITING, outbox.State.QUEUED, outbox.State.UPLOADING):
            raise SidechainError(
                "This take is on its way to the relay.", "Delete it when it has arrived.", code="busy"
            )
        await self._store.run(Store.delete_take, take.take_id)
        await asyncio.to_thread(remove_folder, self.folder / take.take_id)

    def require_sound(self, take: TakeRow) -> None:
        """Raises SidechainError when the sound itself is gone. [worker]"""
        if not (self.folder / take.take_id / TAKE_WAV).exists():
            raise SidechainError(f"The sound of take {take.take_id[:12]} is missing ({TAKE_WAV}).")


def new_take(
    cut: capture.Cut, title: str, host_name: str, track_name: str, sample_rate_hz: float, channels: int
) -> TakeRow:
    """A fresh Take of this Cut."""
    return TakeRow(
        take_id=uuid7(time.time_ns() // 1_000_000, os.urandom(10)), title=title, created_us=unix_us(),
        host_name=host_name, track_name=track_name, frames=cut.frames, sample_rate_hz=sample_rate_hz, channels=channels, cut=cut,
    )  # fmt: skip


def _tail(ring: RingFile, history: capture.History, cut: capture.Cut) -> Span | None:
    """What rings on after the last bar, if the Ring has it already: nobody waits for it. [worker]"""
    frames = tail_frames(history, cut)
    if not frames:
        return None
    try:
        span = ring.read(cut.first_frame + cut.frames, frames)
    except (RemoteProtocolError, BridgeError, OSError):
        return None
    return span if span.frames == frames else None
