"""From a Ring to a durable Take, and the local library of them.

The order is the promise: bytes copied out of the Ring, file written and synced aside, folder renamed and synced,
row committed with FULL sync. Only then does `keep` return; a crash before that leaves nothing but a stray that the
next start sweeps, and a folder without a row is taken in again from its sidecar.
"""

import asyncio
import logging
import os
import shutil
import time

import msgspec

from audio.wave import wav_f32_header
from bridge.control import TakeInfo
from bridge.errors import BridgeError
from daemon.config import Config
from daemon.core import capture, outbox
from daemon.errors import NoSpace, NothingKept, SidechainError, UsageError
from daemon.shell import blobs
from daemon.shell.instances import Instance
from daemon.shell.render_worker import TAKE_WAV
from daemon.shell.store import Store, TakeRow
from daemon.shell.uploads import unix_us
from plugin_protocol.errors import RemoteProtocolError
from relay.wire.ids import uuid7

log = logging.getLogger(__name__)

SIDECAR = "take.json"


class Takes:
    """The library. Methods that copy or write run in a thread; all are awaited from the [loop]."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store
        self.folder = config.data / "takes"

    async def open(self) -> None:
        """Sweep what a crash left, and take in folders whose row was not committed. Run once, before serving."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in await asyncio.to_thread(blobs.sweep, self.folder):
            log.info("swept %s, half-written when the daemon ended", name)
        known = await self._store.run(Store.take_ids)
        for folder in self.folder.iterdir():
            if folder.is_dir() and folder.name not in known:
                try:
                    take = msgspec.json.decode((folder / SIDECAR).read_bytes(), type=TakeRow)
                    await self._store.run(Store.add_take, take)
                    log.info("took in %s, kept but not yet in the library", folder.name)
                except (OSError, msgspec.DecodeError) as error:
                    log.warning("%s is no take and was left alone: %s", folder, error)

    async def keep(
        self,
        instance: Instance,
        *,
        bars: int | None,
        seconds: float | None,
        at_frame: int | None,
        title: str,
        post_as: str | None,
        post: bool,
    ) -> tuple[TakeRow, outbox.Entry | None]:
        """Make a Take durable; with `post`, its Entry in the same transaction (`post_as`: the account, if any).

        Raises NothingKept, NoSpace.
        """
        take, entry = await asyncio.to_thread(
            self._copy, instance, bars, seconds, at_frame, title, post_as, post
        )
        await self._store.run(Store.add_take, take, entry)
        return take, entry

    def _copy(
        self,
        instance: Instance,
        bars: int | None,
        seconds: float | None,
        at_frame: int | None,
        title: str,
        post_as: str | None,
        post: bool,
    ) -> tuple[TakeRow, outbox.Entry | None]:
        with instance.lock:  # until the sound is ours: a new generation must not replace the Ring meanwhile
            history, now = instance.history(at_frame)
            ring = instance.ring
            assert ring is not None, "history() refuses an instance without a Ring"
            cut = self._cut(history, bars, seconds, now)
            self._require_space(cut.frames * ring.header.frame_bytes)
            try:
                span = ring.read(cut.first_frame, cut.frames)
            except (RemoteProtocolError, BridgeError, OSError) as error:
                raise NothingKept(
                    f"The plugin's memory cannot be read: {error}.", "Reload the plugin."
                ) from error
            header = ring.header
        if span.frames != cut.frames:
            raise NothingKept(
                f"The first {cut.frames - span.frames} of {cut.frames} frames were overwritten while they were copied.",
                "Keep fewer bars.",
            )
        take = TakeRow(
            take_id=uuid7(time.time_ns() // 1_000_000, os.urandom(10)),
            title=title,
            created_us=unix_us(),
            host_name=instance.peer.hello.host_name,
            frames=cut.frames,
            sample_rate_hz=header.sample_rate_hz,
            channels=header.channels,
            cut=cut,
        )
        wav = wav_f32_header(cut.frames, header.channels, round(header.sample_rate_hz))
        blobs.publish_folder(
            self.folder / take.take_id, {TAKE_WAV: (wav, span.data), SIDECAR: (msgspec.json.encode(take),)}
        )
        return take, new_entry(take, title, post_as) if post else None

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
        if free < self._config.min_free_bytes + 2 * take_bytes:
            raise NoSpace(
                f"Only {free // 1_000_000} MB are free where takes are kept ({self.folder}).",
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
        await asyncio.to_thread(blobs.remove_folder, self.folder / take.take_id)

    async def info(self, take: TakeRow, *, busy: bool = False) -> TakeInfo:
        """A Take as tray and command line see it."""
        entry = await self._store.run(Store.entry_of, take.take_id)
        return take_info(take, entry, busy=busy)


def new_entry(take: TakeRow, title: str, account: str | None) -> outbox.Entry:
    """A fresh Entry for a Take; the store releases it when the lossless copy is there."""
    return outbox.Entry(
        entry_id=uuid7(time.time_ns() // 1_000_000, os.urandom(10)),
        take_id=take.take_id,
        account=account,
        title=title or take.title,
        created_us=unix_us(),
    )


def take_info(take: TakeRow, entry: outbox.Entry | None, *, busy: bool) -> TakeInfo:
    figures = take.recording or {}
    meter = take.cut.meter
    known = {
        n: figures[n]
        for n in ("lufs_in", "lufs_out", "dbtp_out", "gain_db", "loudness_reason")
        if n in figures
    }
    return msgspec.convert(
        {
            "take_id": take.take_id, "title": take.title, "created_us": take.created_us, "frames": take.frames,
            "sample_rate_hz": take.sample_rate_hz, "channels": take.channels, "bars": take.cut.bars,
            "bpm": take.cut.bpm, "meter": f"{meter[0]}/{meter[1]}" if meter else None, "note": take.cut.note[:512],
            "state": "processing" if busy else take.state, "entry_state": entry.state if entry else None,
            "post_url": entry.post_url if entry else None, "error": take.error or (entry.reason if entry else None),
        } | known,
        TakeInfo,
        strict=False,
    )  # fmt: skip
