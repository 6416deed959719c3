"""Sends the sound of a Take to the relay as another sound of a Post that is out. Beside the outbox: who asks waits for it."""

import asyncio
import os
import time
from collections.abc import Callable
from functools import partial

from daemon.core.outbox import Moved
from daemon.errors import BadAudio, NotClaimed, TakeGone
from daemon.events import Bus, TakeAnalysed, TakeChanged, TakeDeleted, TakeRendered
from daemon.features.posting.uploads import DamagedCopy, measure, sound_meta
from daemon.library.files import TAKE_FLAC
from daemon.library.rows import TakeRow
from daemon.library.takes import Takes
from daemon.system.opening import open_in_thread
from daemon.system.reading import open_shared
from daemon.uplink.client import RelayClient
from daemon.uplink.tus import Parcel, TusClient
from relay.wire.ids import uuid7
from relay.wire.rest import AudioPost, UploadMeta


class Replacing:
    """relay: to which it is sent; account: who is signed in now, or None. All methods are [loop]."""

    def __init__(
        self, takes: Takes, relay: Callable[[], RelayClient], account: Callable[[], str | None], bus: Bus
    ) -> None:
        self._takes = takes
        self._relay = relay
        self._account = account
        self._news = asyncio.Event()
        for kind in (TakeRendered, TakeAnalysed, TakeChanged, TakeDeleted):
            bus.on(kind, lambda _: self._news.set())

    async def replace(self, post_id: str, prefix: str) -> AudioPost:
        """The Post with the sound of this Take, once it is rendered.

        Raises UsageError, TakeGone, BadAudio, Offline, RelayRefused, NotClaimed.
        """
        if (account := self._account()) is None:
            raise NotClaimed("This device belongs to no account.", "Run `sidechain claim`.")
        take = await self._rendered((await self._takes.find(prefix)).take_id)
        flac = self._takes.folder / take.take_id / TAKE_FLAC
        try:
            file = await open_in_thread(partial(open_shared, flac))
        except FileNotFoundError:
            raise TakeGone(take.take_id) from None
        with file:
            size_bytes, sha256 = await asyncio.to_thread(measure, file)
            if sha256 != take.flac_sha256:
                raise BadAudio(str(DamagedCopy()), "Then replace the sound again.")
            meta = sound_meta(take, sha256)
            parcel = Parcel(
                entry_id=uuid7(time.time_ns() // 1_000_000, os.urandom(10)),
                file=file,
                size_bytes=size_bytes,
                sha256=sha256,
                meta=lambda: _now(meta),
                url=None,
                first=True,
                allowed=lambda: self._account() == account,
                moved=_unheard,
                replaces=post_id,
            )
            return await TusClient(self._relay()).deliver(parcel)

    async def _rendered(self, take_id: str) -> TakeRow:
        """Once its lossless copy is there, and it is known what is heard or that nobody will find out."""
        while True:
            self._news.clear()
            take = await self._takes.get(take_id)
            if take.flac_sha256 is not None and (take.analysis is not None or take.state != "kept"):
                return take
            if take.state not in ("kept", "ready"):
                raise BadAudio(
                    f"This take could not be made ready: {take.error or 'nobody knows why'}.",
                    "`sidechain doctor` may know.",
                )
            await self._news.wait()


async def _now(meta: UploadMeta) -> UploadMeta:
    """It is known already."""
    return meta


async def _unheard(_: Moved) -> None:
    """Nobody looks how far it is."""
