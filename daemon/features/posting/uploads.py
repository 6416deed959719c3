"""Drives the outbox: picks the next Entry, uploads it, stores what came of it. daemon.core.outbox decides.

Single flight: one upload at a time, oldest first. Whatever happens to this process, the Entry's state on disk says
what to do next and where the upload stands, and the entry id as idempotency key makes doing it again harmless.
"""

import asyncio
import hashlib
import logging
import random
from collections.abc import Callable
from functools import partial
from io import BufferedReader
from pathlib import Path

import msgspec

from daemon.core import outbox
from daemon.core.analysis import TakeAnalysis
from daemon.core.link_signals import LinkState
from daemon.errors import NotClaimed, Offline, RelayRefused
from daemon.events import (
    AccountChanged,
    Bus,
    EntryChanged,
    EntryProgressed,
    LinkChanged,
    PostingPaused,
    TakeAnalysed,
    TakeChanged,
    TakeDeleted,
    TakeRendered,
)
from daemon.library.files import TAKE_FLAC
from daemon.library.rows import TakeRow
from daemon.library.sidecars import write_entry
from daemon.library.store import Store
from daemon.system.clock import Clock
from daemon.system.opening import open_in_thread
from daemon.system.reading import open_shared
from daemon.uplink.client import RelayClient
from daemon.uplink.tus import Parcel, TusClient
from relay.wire import rest

log = logging.getLogger(__name__)

OFFSET_STEP_BYTES = 1 << 20
"""How far an upload moves before the library is told; the relay knows better, so this is only what is shown."""


class Uploader:
    """All methods are [loop]. `account`: who is signed in now, or None."""

    def __init__(
        self,
        store: Store,
        relay: RelayClient,
        takes_dir: Path,
        account: Callable[[], str | None],
        bus: Bus,
        clock: Clock | None = None,
        changing: asyncio.Lock | None = None,
        paused: Callable[[], bool] = lambda: False,
    ) -> None:
        """changing: held while an Entry sets out, so that a person cannot take it back in the same moment.

        paused: whether nothing may set out now; PostingPaused tells when that changes.
        """
        self._store = store
        self.tus = TusClient(relay)
        self._takes_dir = takes_dir
        self._account = account
        self._bus = bus
        self._clock = clock or Clock()
        self._changing = changing or asyncio.Lock()
        self._paused = paused
        self._wake = asyncio.Event()
        self._heard = asyncio.Event()
        self._relay_away_until_s = 0.0  # monotonic: the wall clock may jump
        self._relay_away_until_us = 0  # the same moment on the wall clock
        self._relay_back = False
        self._flying: outbox.Entry  # the one that is being uploaded, as far as it is
        self._stored_bytes = 0
        self._was_online = False
        for kind in (TakeRendered, AccountChanged, PostingPaused):
            bus.on(kind, lambda _: self.wake())
        for news in (TakeAnalysed, TakeChanged, TakeDeleted):
            bus.on(news, lambda _: self._heard.set())
        bus.on(EntryChanged, self._entry_changed)
        bus.on(LinkChanged, self._link_changed)

    def _link_changed(self, event: LinkChanged) -> None:
        online = event.state is LinkState.ONLINE
        if online and not self._was_online:
            self.relay_back()
        self._was_online = online

    def _entry_changed(self, event: EntryChanged) -> None:
        if event.entry.state is outbox.State.QUEUED:
            self.wake()

    def relay_back(self) -> None:
        """The link stands again: what waits for the relay goes out now, oldest first."""
        self._relay_back = True
        self._wake.set()

    def wake(self) -> None:
        """There may be something to do: a new Entry, a rendered Take, a claim, the relay is back."""
        self._wake.set()

    async def run(self) -> None:
        """Upload for ever; cancelled at shutdown. An upload that was under way when we died is taken up again."""
        for entry in await self._store.run(Store.open_entries):
            if entry.state is outbox.State.UPLOADING:
                await self._save(
                    outbox.apply(entry, outbox.LeaseExpired(), now_us=self._clock.unix_us(), jitter=0.0)
                )
        while True:
            self._wake.clear()
            await self._note_relay_back()
            entries = [e for e in await self._store.run(Store.open_entries) if self._may_go(e)]
            now_us = self._clock.unix_us()
            # While the relay is away nothing else tries, and then the oldest first: all arrive in the order kept.
            # The two clocks never agree to the microsecond, so who waited for the relay is due when it is over.
            away_s = self._relay_away_until_s - self._clock.monotonic_s()
            if away_s <= 0 and (due := outbox.pick(entries, max(now_us, self._relay_away_until_us))):
                await self._upload(due)
                continue
            waits = [e.next_attempt_us - now_us for e in entries if e.state is outbox.State.QUEUED]
            wait_us = min(waits, default=outbox.RETRY_AFTER_CEILING_US)
            # Never longer than any rule asks for: the clock may have been set back meanwhile.
            limit_s = max(0.0, away_s, min(wait_us, outbox.RETRY_AFTER_CEILING_US) / 1e6)
            await self._clock.wait(self._wake, limit_s)

    async def _note_relay_back(self) -> None:
        if not self._relay_back:
            return
        self._relay_back, self._relay_away_until_s, self._relay_away_until_us = False, 0.0, 0
        now_us = self._clock.unix_us()
        async with self._changing:  # what is taken back in this moment stays taken back
            for entry in await self._store.run(Store.open_entries):
                if entry.state is outbox.State.QUEUED and entry.next_attempt_us > now_us:
                    await self._save(outbox.apply(entry, outbox.RelayBack(), now_us=now_us, jitter=0.0))

    def _may_go(self, entry: outbox.Entry) -> bool:
        """Never under another account than the one it was meant for; unclaimed Entries wait for a claim."""
        account = self._account()
        return not self._paused() and account is not None and entry.account in (None, account)

    async def _upload(self, entry: outbox.Entry) -> None:
        picked = outbox.Picked(account=self._account())
        async with self._changing:
            if await self._store.run(Store.entry_of, entry.take_id) != entry:
                return  # taken back, or otherwise, since it was looked at
            flying = outbox.apply(entry, picked, now_us=self._clock.unix_us(), jitter=0.0)
            self._flying = await self._save(flying)
        relay_away = False
        try:
            post = await self._deliver(self._flying)
            event: outbox.Event = outbox.Accepted(post_id=post.id, post_url=post.page_url)
        except Offline as error:
            after_us = int(error.retry_after_s * 1e6) if error.retry_after_s is not None else None
            event = outbox.FailedTransient(reason=str(error), retry_after_us=after_us)
            relay_away = error.relay_wide
        except NotClaimed as error:  # revoked meanwhile: it waits for its account, as all others do
            event = outbox.FailedTransient(reason=str(error))
        except (RelayRefused, DamagedCopy, FileNotFoundError, IndexError) as error:
            event = outbox.FailedFinal(reason=str(error))
        except OSError as error:  # a disk that stumbled while the copy was read: it is still what it was
            event = outbox.FailedTransient(reason=f"The lossless copy could not be read: {error.strerror}.")
        now_us = self._clock.unix_us()
        entry = await self._save(outbox.apply(self._flying, event, now_us=now_us, jitter=random.random()))
        self._relay_away_until_us = entry.next_attempt_us if relay_away else 0
        away_s = (entry.next_attempt_us - now_us) / 1e6 if relay_away else 0.0
        self._relay_away_until_s = self._clock.monotonic_s() + away_s
        log.info("entry %s of take %s is %s", entry.entry_id, entry.take_id, entry.state)

    async def _deliver(self, entry: outbox.Entry) -> rest.AudioPost:
        assert entry.sha256, "only rendered entries are picked"
        flac = self._takes_dir / entry.take_id / TAKE_FLAC
        file = await open_in_thread(partial(open_shared, flac))
        with file:
            size_bytes, sha256 = await asyncio.to_thread(measure, file)
            if sha256 != entry.sha256:
                raise DamagedCopy
            parcel = Parcel(
                entry_id=entry.entry_id,
                file=file,
                size_bytes=size_bytes,
                sha256=sha256,
                meta=lambda: self._meta(entry),
                url=entry.upload_url,
                first=entry.attempts == 1 and entry.upload_url is None,
                allowed=lambda: self._account() == entry.account,
                moved=self._moved,
            )
            return await self.tus.deliver(parcel)

    async def _meta(self, entry: outbox.Entry) -> rest.UploadMeta:
        """Once it is known what is heard, or that nobody will find out. Raises IndexError: the Take is gone."""
        while True:
            self._heard.clear()
            take = (await self._store.run(Store.find_take, entry.take_id))[0]
            if take.analysis is not None or take.state != "kept":
                return upload_meta(take, entry)
            await self._heard.wait()

    async def _moved(self, moved: outbox.Moved) -> None:
        """Shown each time, stored from time to time, and always when it is elsewhere than the library knows."""
        before = self._flying
        self._flying = outbox.apply(before, moved, now_us=self._clock.unix_us(), jitter=0.0)
        stored = self._stored_bytes if moved.upload_url == before.upload_url else None
        if stored is None or not 0 <= moved.sent_bytes - stored < OFFSET_STEP_BYTES:
            await self._save(self._flying)
        progress = EntryProgressed(
            take_id=self._flying.take_id, sent_bytes=moved.sent_bytes, size_bytes=moved.size_bytes
        )
        self._bus.tell(progress)

    async def _save(self, entry: outbox.Entry) -> outbox.Entry:
        """File first, row second: whose Post it is and how it ended must outlive the library."""
        await asyncio.to_thread(write_entry, self._takes_dir, entry)
        await self._store.run(Store.save_entry, entry)
        self._stored_bytes = entry.sent_bytes
        self._bus.tell(EntryChanged(entry=entry))
        return entry


class DamagedCopy(Exception):
    def __str__(self) -> str:
        return (
            "The lossless copy on this disk is not what was made of the take. "
            "`sidechain doctor` makes it anew, then `sidechain outbox retry`."
        )


def measure(file: BufferedReader) -> tuple[int, str]:
    """Size and SHA-256. [worker]"""
    digest = hashlib.file_digest(file, "sha256")
    return file.tell(), digest.hexdigest()


def upload_meta(take: TakeRow, entry: outbox.Entry) -> rest.UploadMeta:
    """What the relay is told of a Take; unknown stays unknown."""
    assert entry.sha256, "only rendered entries are picked"
    said = sound_meta(take, entry.sha256)
    return msgspec.structs.replace(said, title=entry.title or take.title, visibility=entry.visibility)


def sound_meta(take: TakeRow, sha256: str) -> rest.UploadMeta:
    """What is known of its sound. [any]"""
    analysis = take.analysis or TakeAnalysis()
    return rest.UploadMeta(
        bpm=analysis.bpm or take.cut.bpm,
        bpm_source=analysis.bpm_source,
        bpm_confidence=analysis.bpm_confidence if analysis.bpm else None,
        key=analysis.key,
        key_source=analysis.key_source,
        key_confidence=analysis.key_confidence if analysis.key else None,
        daw=take.host_name[:64] or None,
        duration_bars=take.cut.bars,
        bar_frames=list(take.cut.bar_frames),
        analysed=True,
        sha256=sha256,
    )
