"""The daemon's way out without the daemon: library, outbox, uploader and the relay's client, in the test's own loop.

Takes are put there as the pipeline leaves them, so what is tried is what happens from `queued` on.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import msgspec

from daemon.core.analysis import TakeAnalysis
from daemon.core.claim import b64url
from daemon.core.outbox import LEASE_US, Entry, Retried, State
from daemon.events import Bus, EntryChanged, EntryProgressed
from daemon.features.posting.uploads import Uploader
from daemon.identity.credentials import FileSecret, open_identity
from daemon.identity.relay import DeviceRelay
from daemon.library.entries import new_entry
from daemon.library.files import TAKE_FLAC, TAKE_JSON
from daemon.library.sidecars import read_entry
from daemon.library.store import Store
from daemon.system.clock import Clock
from relay.wire.identity import DeviceRegister, register_message
from relay.wire.rest import UploadMeta
from tests.support.deadlines import HANG_S
from tests.support.takes import take

ACCOUNT = "night.owl"
LIMIT_S = HANG_S


NOTHING_HEARD = TakeAnalysis()


class SimulatedClock(Clock):
    """Waits end at once, and are remembered; time goes on by what was waited, and as one sets it."""

    def __init__(self) -> None:
        self.us = 1_800_000_000_000_000
        self.awake_s = 0.0
        self.waits_s: list[float] = []
        self.stop_at_us: int | None = None
        self.stopped = asyncio.Event()

    def unix_us(self) -> int:
        return self.us

    def steady_unix_us(self) -> int:
        return self.us

    def monotonic_s(self) -> float:
        return self.awake_s

    async def wait(self, event: asyncio.Event, limit_s: float) -> None:
        if event.is_set():
            return
        if self.stop_at_us is not None and self.us >= self.stop_at_us:
            self.stopped.set()
            await event.wait()
            return
        self.waits_s.append(limit_s)
        self.us += int(limit_s * 1e6)
        self.awake_s += limit_s
        await asyncio.sleep(0)


class Desk:
    """One device of ACCOUNT. `run` is its uploader; what it tells is in `entries` and `progress`."""

    def __init__(self, folder: Path, relay: DeviceRelay, store: Store, clock: Clock | None) -> None:
        self.takes = folder / "takes"
        self.relay = relay
        self.store = store
        self.account: str | None = ACCOUNT
        self.entries: dict[str, Entry] = {}
        self.history: list[Entry] = []
        self.progress: list[tuple[str, int, int]] = []
        self._news = asyncio.Event()
        self.bus = bus = Bus()
        bus.on(EntryChanged, lambda event: self._changed(event.entry))
        self.when_sent = self._sent
        bus.on(EntryProgressed, lambda event: self.when_sent(event))  # noqa: PLW0108 - a test may set another
        self.uploader = Uploader(store, relay, self.takes, lambda: self.account, bus, clock)

    def _changed(self, entry: Entry) -> None:
        self.entries[entry.entry_id] = entry
        self.history.append(entry)
        self._news.set()

    def _sent(self, event: EntryProgressed) -> None:
        self.progress.append((event.take_id, event.sent_bytes, event.size_bytes))
        self._news.set()

    def begun_us(self) -> list[int]:
        """When each attempt began, by the clock."""
        uploading = [e for e in self.history if e.state is State.UPLOADING and e.lease_until_us]
        return sorted({(e.lease_until_us or 0) - LEASE_US for e in uploading})

    async def queue(self, number: int, flac: bytes, analysis: TakeAnalysis | None = NOTHING_HEARD) -> Entry:
        """A take as the pipeline leaves it, its entry queued."""
        digest = hashlib.sha256(flac).hexdigest()
        row = take(number, flac_sha256=digest, analysis=analysis)
        folder = self.takes / row.take_id
        folder.mkdir(parents=True)
        (folder / TAKE_FLAC).write_bytes(flac)
        (folder / TAKE_JSON).write_bytes(msgspec.json.encode(row))
        entry = msgspec.structs.replace(new_entry(row, "", None), created_us=number)
        await self.store.run(Store.add_take, row, entry)
        stored = await self.store.run(Store.entry_of, row.take_id)
        assert stored and stored.state is State.QUEUED
        self.entries[stored.entry_id] = stored
        self.uploader.wake()
        return stored

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Desk"]:
        """The uploader runs; leaving is as sudden as a kill, as far as it goes."""
        task = asyncio.create_task(self.uploader.run())
        try:
            yield self
            if task.done():
                task.result()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def until(self, *states: State, limit_s: float = LIMIT_S) -> None:
        """Every entry is in one of these states."""
        async with asyncio.timeout(limit_s):
            while any(entry.state not in states for entry in self.entries.values()):
                self._news.clear()
                await self._news.wait()

    async def until_sent(self, at_least_bytes: int) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not self.progress or self.progress[-1][1] < at_least_bytes:
                self._news.clear()
                await self._news.wait()

    async def stored(self) -> list[Entry]:
        """What the library says, which must be what the files beside the sound say."""
        entries = await self.store.run(Store.entries)
        for entry in entries:
            file = read_entry(self.takes / entry.take_id)
            assert file is None or (file.entry_id, file.post_id) == (entry.entry_id, entry.post_id)
        return entries

    async def retry(self, entry: Entry) -> None:
        """As a person asks."""
        self.entries[entry.entry_id] = await self.store.run(Store.take_event, entry.entry_id, Retried())
        self.uploader.wake()


@asynccontextmanager
async def desk(folder: Path, relay_url: str, clock: Clock | None = None) -> AsyncIterator[Desk]:
    """Claimed by ACCOUNT at a relay with the local sign-in. The same folder is the same device."""
    folder.mkdir(exist_ok=True)
    relay = DeviceRelay(relay_url, lambda: None)
    store = Store(folder / "library.sqlite3")
    try:
        identity = await open_identity(FileSecret(folder / "device.key"), folder / "session", create=True)
        assert identity is not None
        unsigned = DeviceRegister(
            public_key=b64url(identity.public_key), name="test", platform="test", version="0", signature=""
        )
        facts = msgspec.structs.replace(unsigned, signature=b64url(identity.sign(register_message(unsigned))))
        await relay.tokens.adopt(identity, await relay.claim(identity, ACCOUNT, facts))
        made = Desk(folder, relay, store, clock)
        made.entries = {entry.entry_id: entry for entry in await store.run(Store.entries)}
        yield made
    finally:
        store.close()
        await relay.close()


async def titles(relay_url: str) -> list[str]:
    """Of every post of ACCOUNT, oldest first."""
    return [str(post["title"]) for post in await posts(relay_url)]


async def posts(relay_url: str) -> list[dict[str, object]]:
    """Every post of ACCOUNT as the relay tells it, oldest first."""
    found: list[dict[str, object]] = []
    cursor = ""
    async with httpx.AsyncClient(base_url=relay_url, trust_env=False) as client:
        me = (await client.get(f"/api/v1/users/{ACCOUNT}")).json()["id"]
        while True:
            page = (await client.get(f"/api/v1/feed/user/{me}?limit=100{cursor}")).json()
            found += page["posts"]
            if not page["next"]:
                return found[::-1]
            cursor = f"&cursor={page['next']}"


async def no_words() -> UploadMeta:
    """Of a Parcel that never becomes a post."""
    return UploadMeta(sha256="0" * 64)
