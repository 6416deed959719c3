"""Uploads under way: how long they live, how many there may be, and what a start finds. On a real disk."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.core.access import Actor
from relay.core.calls import RequestLost
from relay.core.refusal import Refusal
from relay.core.tus import Checksum, http_date
from relay.engine.clock import new_id, now_us
from relay.engine.objects import disk
from relay.engine.objects.folder import FolderObjects
from relay.features.accounts.api import ensure_account
from relay.features.uploads import body as body_module
from relay.features.uploads import service, store
from relay.features.uploads.service import Uploads
from relay.features.uploads.store import LIFETIME_US, MAX_OPEN, REMEMBERED_US
from tests.support.doors import opened

SECOND_US = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.us = now_us()

    def __call__(self) -> int:
        return self.us


class Desk:
    """A relay's database and folder, opened as often as one likes. actor: somebody with an account."""

    def __init__(self, folder: Path) -> None:
        self.incoming = folder / "objects" / "incoming"
        self._folder = folder
        self.clock = Clock()
        self.actor = Actor()
        self.objects: FolderObjects

    @asynccontextmanager
    async def opened(self, **limits: int) -> AsyncIterator[Uploads]:
        self.objects = FolderObjects(self._folder / "objects", **limits)
        async with opened(f"sqlite:///{self._folder / 'r.db'}") as door:
            self.db = door.db
            self.actor = Actor(user_id=await door.db.write(lambda tx: ensure_account(tx, "anna", 0)))
            made = Uploads(door.db, self.objects, lambda *_: False, self.clock)
            await made.open()
            yield made

    def files(self) -> set[str]:
        return {path.name for path in self.incoming.iterdir()}

    async def bytes_of(self, upload_id: str) -> bytes:
        """All that is safe of an upload."""
        parts = await self.db.read(lambda db: store.parts(db, upload_id))
        target = self._folder / new_id()
        await self.objects.join(parts, target)
        return target.read_bytes()

    async def reserved_bytes(self) -> int:
        return (await self.objects.health()).reserved_bytes


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def body(*pieces: bytes, lost: bool = False) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    if lost:
        raise RequestLost


async def refusal(work: object) -> str:
    with pytest.raises(Refusal) as refused:
        await work  # type: ignore[misc]
    return refused.value.code


async def test_an_upload_lives_a_day_after_it_was_touched_and_is_then_gone(desk: Desk) -> None:
    async with desk.opened() as made:
        upload = await made.begin(desk.actor, 9, "", None)
        desk.clock.us += LIFETIME_US - SECOND_US
        touched = await made.append(desk.actor, upload.id, 0, body(b"123"), None)
        assert touched.expires_us == desk.clock.us + LIFETIME_US
        desk.clock.us += LIFETIME_US - SECOND_US
        await made.sweep()
        assert (await made.status(desk.actor, upload.id)).offset_bytes == 3
        desk.clock.us += SECOND_US
        assert await refusal(made.status(desk.actor, upload.id)) == "gone"
        assert desk.files() == {upload.id}, "until the next sweep"
        await made.sweep()
        assert desk.files() == set()
        assert await refusal(made.status(desk.actor, upload.id)) == "gone"
        desk.clock.us += REMEMBERED_US
        await made.sweep()
        assert await refusal(made.status(desk.actor, upload.id)) == "not_found"


async def test_one_upload_too_many_ends_the_one_untouched_longest(desk: Desk) -> None:
    async with desk.opened() as made:
        uploads = []
        for _ in range(MAX_OPEN):
            desk.clock.us += 1
            uploads.append(await made.begin(desk.actor, 9, "", None))
        desk.clock.us += 1
        await made.append(desk.actor, uploads[0].id, 0, body(b"1"), None)
        desk.clock.us += 1
        await made.begin(desk.actor, 9, "", None)
        assert await refusal(made.status(desk.actor, uploads[1].id)) == "gone"
        for upload in (uploads[0], *uploads[2:]):
            await made.status(desk.actor, upload.id)


async def test_room_is_held_for_open_uploads_only_whoever_ended_the_others(desk: Desk) -> None:
    async with desk.opened() as made:
        for _ in range(MAX_OPEN + 3):
            desk.clock.us += 1
            await made.begin(desk.actor, 9, "", None)
        await made.sweep()
        assert await desk.reserved_bytes() == 9 * MAX_OPEN
        desk.clock.us += LIFETIME_US
        await made.sweep()
        assert await desk.reserved_bytes() == 0
        await made.begin(desk.actor, 9, "", None)
        elsewhere = Uploads(desk.db, desk.objects, lambda *_: False, desk.clock)
        await elsewhere.open()
    async with desk.opened() as again:
        assert await desk.reserved_bytes() == 9
        desk.clock.us += LIFETIME_US
        await desk.db.write(lambda tx: store.expire(tx, desk.clock.us))  # another process sweeps first
        await again.sweep()
        assert await desk.reserved_bytes() == 0


async def test_a_disk_that_is_nearly_full_takes_no_new_upload(desk: Desk) -> None:
    async with desk.opened(admit_free_bytes=1 << 60) as made:
        with pytest.raises(Refusal, match="9 bytes were announced, and 0 are free") as refused:
            await made.begin(desk.actor, 9, "", None)
        assert (refused.value.code, refused.value.retry_after_s) == ("busy", service.RETRY_FULL_S)


async def test_a_disk_that_fails_says_so_and_the_offset_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    async with desk.opened() as made:
        upload = await made.begin(desk.actor, 9, "", None)
        with monkeypatch.context() as patched:
            patched.setattr(disk.os, "write", full)
            assert await refusal(made.append(desk.actor, upload.id, 0, body(b"123"), None)) == "busy"
        assert (await made.status(desk.actor, upload.id)).offset_bytes == 0
        assert (await made.append(desk.actor, upload.id, 0, body(b"123"), None)).offset_bytes == 3


async def test_bytes_beyond_the_offset_are_of_nobody(desk: Desk) -> None:
    """A part with a checksum whose end never came, and one that was stored before the machine stopped, but in no row."""
    checksum = Checksum("sha256", hashlib.sha256(b"456789").digest())
    async with desk.opened() as made:
        upload = await made.begin(desk.actor, 9, "", None)
        await made.append(desk.actor, upload.id, 0, body(b"123"), None)
        lost = made.append(desk.actor, upload.id, 3, body(b"456", lost=True), checksum)
        assert await refusal(lost) == "malformed"
        assert (await made.status(desk.actor, upload.id)).offset_bytes == 3
        await desk.objects.put_part(upload.id, 3, body(b"garbage"), 9)
    async with desk.opened() as made:
        assert (await made.status(desk.actor, upload.id)).offset_bytes == 3
        await made.append(desk.actor, upload.id, 3, body(b"456", b"789"), checksum)
        assert await desk.bytes_of(upload.id) == b"123456789"


async def test_what_arrived_before_the_line_broke_is_kept(desk: Desk) -> None:
    async with desk.opened() as made:
        upload = await made.begin(desk.actor, 9, "", None)
        assert (
            await refusal(made.append(desk.actor, upload.id, 0, body(b"123", lost=True), None)) == "malformed"
        )
        assert (await made.status(desk.actor, upload.id)).offset_bytes == 3
        await made.append(desk.actor, upload.id, 3, body(b"456789"), None)
        assert await desk.bytes_of(upload.id) == b"123456789"


@pytest.mark.parametrize("limit", ["IDLE_S", "REQUEST_LIMIT_S"])
async def test_a_client_that_falls_silent_is_ended_and_what_came_is_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    async def silent() -> AsyncIterator[bytes]:
        yield b"123"
        await asyncio.Event().wait()

    monkeypatch.setattr(body_module, limit, 0.05)
    async with desk.opened() as made:
        upload = await made.begin(desk.actor, 9, "", None)
        assert await refusal(made.append(desk.actor, upload.id, 0, silent(), None)) == "malformed"
        assert (await made.status(desk.actor, upload.id)).offset_bytes == 3


async def test_nobody_disturbs_an_upload_that_is_not_his(desk: Desk) -> None:
    more = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"123"
        await more.wait()
        yield b"456"

    async with desk.opened() as made:
        upload = await made.begin(desk.actor, 6, "", None)
        sending = asyncio.create_task(made.append(desk.actor, upload.id, 0, slow(), None))
        stranger = Actor(user_id=new_id())
        for attempt in (
            made.status(stranger, upload.id),
            made.append(stranger, upload.id, 0, body(b"x"), None),
            made.end(stranger, upload.id),
        ):
            assert await refusal(attempt) == "not_found"
        more.set()
        assert (await sending).offset_bytes == 6


def test_dates_are_those_of_http() -> None:
    assert http_date(784_111_777_000_000) == "Sun, 06 Nov 1994 08:49:37 GMT"  # the example of RFC 9110, 5.6.7
